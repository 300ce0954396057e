import { z } from "zod";
import { allowedDangers } from "../dangerous.ts";
import { known, onServers, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const dangerousCommands = defineCheck({
  id: "dangerous-commands",
  title: "Applications cannot end the service",
  why: "FLUSHALL in the wrong terminal deletes everything everywhere; KEYS * stops every client while it runs; CONFIG and DEBUG let whoever stole the password of an application do worse.",
  how: "ACL LIST of every data node: which users but those of redisha.yaml for operation may run FLUSHALL, FLUSHDB, KEYS, CONFIG, DEBUG, SHUTDOWN or REPLICAOF. Commands that were renamed do not count.",
  mend: [
    "declare users.applications in redisha.yaml, each with its own keys, then: redisha init",
    "redis-cli ACL SETUSER NAME -@dangerous -@admin",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "none of them for any user but the operator, replication, Sentinel and the exporter",
  judge: (facts) => {
    const { users: declared, auth } = facts.deployment;
    const staff = [declared?.replication, declared?.sentinel, declared?.exporter].flatMap((user) => user?.name ?? []);
    // Without a name the operator shares the user default with everybody else.
    const excused = new Set([...staff, ...(auth.data.username === undefined ? [] : [auth.data.username])]);
    return onServers(facts, "data", ({ users, missing_commands, refused }) => {
      const all = known(users, `ACL LIST was refused: ${refused["ACL LIST"] ?? "no reason given"}`);
      const renamed = new Set(missing_commands ?? []);
      const able = all
        .filter(({ name, on }) => on && !excused.has(name))
        .map(({ name, commands }) => ({ name, may: allowedDangers(commands).filter((each) => !renamed.has(each)) }))
        .filter(({ may }) => may.length > 0);
      const measured = able.map(({ name, may }) => `${name}: ${may.join(", ")}`).join("; ");
      return passIf(able.length === 0, able.length === 0 ? "nobody else may" : measured);
    });
  },
});

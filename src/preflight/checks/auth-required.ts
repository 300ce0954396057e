import { z } from "zod";
import { known, onServers, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const authRequired = defineCheck({
  id: "auth-required",
  title: "Nobody gets in without a password",
  why: "Who reaches the port of a server that asks for nothing reads and deletes everything, and can write files on its host with CONFIG SET dir.",
  how: "ACL LIST: a user that is on and has nopass lets everybody in. requirepass is the password of the user default.",
  mend: [
    "declare auth.operator and users in redisha.yaml, then: redisha init --dry-run",
    "docs/guide/rotate.md says how passwords change while everything runs",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "a password for every user that is on",
  judge: (facts) =>
    (["data", "sentinel"] as const).flatMap((kind) =>
      onServers(facts, kind, ({ users, refused }) => {
        const open = known(users, `ACL LIST was refused: ${refused["ACL LIST"] ?? "no reason given"}`).filter(
          ({ on, nopass }) => on && nopass,
        );
        const names = open.map(({ name }) => name).join(", ");
        return passIf(open.length === 0, open.length === 0 ? "every user has one" : `no password for ${names}`);
      }),
    ),
});

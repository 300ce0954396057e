import { z } from "zod";
import { fail, known, onServers, pass } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const defaultUser = defineCheck({
  id: "default-user",
  title: "The user default is off",
  why: "A password that everybody shares cannot be changed without stopping everybody, tells nobody apart, and gives each of them everything.",
  how: "ACL LIST of every data node: whether default is on, and may run every command on every key.",
  mend: [
    "declare auth.operator with a username, and users, in redisha.yaml, then: redisha init",
    "redis-cli ACL SETUSER default off, once nobody logs in as default (ACL LOG, CLIENT LIST)",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "default off, or with few rights",
  judge: (facts) =>
    onServers(facts, "data", ({ users, refused }) => {
      const all = known(users, `ACL LIST was refused: ${refused["ACL LIST"] ?? "no reason given"}`);
      const user = all.find(({ name }) => name === "default");
      if (!user?.on) return pass("off");
      const powers = user.commands.at(-1) === "+@all" && user.keys.includes("*");
      return powers
        ? fail(`on, ${user.nopass ? "without a password" : "with a password"}, may do everything`)
        : pass("on, with few rights");
    }),
});

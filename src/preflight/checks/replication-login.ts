import { z } from "zod";
import { answering, fail, known, onServers, pass, skip } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const replicationLogin = defineCheck({
  id: "replication-login",
  title: "Every node can log in to every other",
  why: "A wrong masterauth does not show until the roles change: the old primary comes back as a replica that cannot log in, and silently falls behind.",
  how: "masterauth of each data node, held against the passwords that every other one takes for that user (ACL LIST). Both are compared as keyed prints; no password is printed or kept.",
  mend: [
    "set the same password everywhere: redisha init",
    "docs/guide/rotate.md says how it is changed while everything runs",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/replication/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "masterauth that every other data node takes",
  judge: (facts) =>
    onServers(facts, "data", (server) => {
      const login = known(server.replication_login, `masterauth was refused: ${server.refused["CONFIG GET"] ?? ""}`);
      const others = answering(facts, "data").filter(({ instance }) => instance.id !== server.instance.id);
      if (others.length === 0) return skip("there is no other data node");
      const refusing = others.filter(({ users, instance }) => {
        const user = known(users, `ACL LIST was refused by ${instance.id}`).find(({ name }) => name === login.user);
        if (!user?.on) return true;
        return !user.nopass && (login.password === null || !user.passwords.includes(login.password));
      });
      if (refusing.length === 0) return pass(`${login.user} is let in by ${others.length} others`);
      const why = login.password === null ? "it has no masterauth" : `for user ${login.user}`;
      return fail(`not let in by ${refusing.map(({ instance }) => instance.id).join(", ")}: ${why}`);
    }),
});

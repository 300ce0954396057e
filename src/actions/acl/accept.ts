import { z } from "zod";
import { passwordOf } from "../../credentials/changing.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { hashOf, keepUsers, loginsOf, readUser, usersSchema, whichSchema } from "./user.ts";

const input = z.strictObject({ users: usersSchema, password: whichSchema });

/** Has a server take a password beside those that it takes. Sent as SHA-256; MONITOR and the slow log show no more. */
export const aclAccept = defineAction({
  name: "acl.accept",
  summary: "Has each targeted instance take a password of these users, beside those it takes, and writes it down",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({
    users: z.array(z.string()).describe("Users that did not take it before"),
    at: z.int().describe("When it was taken, in milliseconds since 1970 by the clock here"),
  }),
  example: `- id: accept
  action: acl.accept
  targets: { role: data }
  with: { users: [shop], password: new }
  undo: { action: acl.refuse, with: { users: "\${{ before.users }}", password: new } }`,
  commands: ({ users, password }) =>
    users.map((user) => redisCommand(["ACL", "SETUSER", user, `#‹sha256 of the ${password} password›`])),
  async before({ users, password }, context) {
    const connection = await context.redis(instanceOf(context));
    const lacking: string[] = [];
    for (const login of loginsOf(users, context)) {
      const user = await readUser(connection, login.user);
      if (user && !user.hashes.includes(hashOf(await passwordOf(login, password)))) lacking.push(login.user);
    }
    return { users: lacking };
  },
  async run({ users, password }, context) {
    const connection = await context.redis(instanceOf(context));
    const added: string[] = [];
    for (const login of loginsOf(users, context)) {
      const user = await readUser(connection, login.user);
      const hash = hashOf(await passwordOf(login, password));
      if (!user || user.hashes.includes(hash)) continue;
      await connection.command(["ACL", "SETUSER", login.user, `#${hash}`], { signal: context.signal });
      added.push(login.user);
    }
    // Also where all were there: a run that died in between may not have come to it.
    await keepUsers(context);
    return { outputs: { users: added, at: Date.now() }, changed: added.length > 0 };
  },
  repeatable: true,
});

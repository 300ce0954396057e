import { z } from "zod";
import { passwordOf } from "../../credentials/changing.ts";
import { hasConfigFile, hashOf, loginsOf, replicaLogin, usersSchema, whichSchema } from "../acl/user.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Has a server log in to its primary with another password from the next time on; a link that stands is not cut. */
export const replicationLogin = defineAction({
  name: "replication.login",
  summary: "Sets masterauth of each targeted instance, where it replicates as one of these users, and writes it down",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ users: usersSchema, password: whichSchema }),
  output: z.strictObject({
    user: z.string().nullable().describe("As whom it replicates; null where it is none of these"),
  }),
  example: `- id: replicas
  action: replication.login
  targets: { role: data }
  with: { users: [replication], password: new }
  undo: { action: replication.login, with: { users: [replication], password: "\${{ before.password }}" } }`,
  commands: ({ password }) => [
    redisCommand(["CONFIG", "SET", "masterauth", `‹${password} password›`]),
    redisCommand(["CONFIG", "REWRITE"]),
  ],
  async before({ users }, context) {
    const { user, password } = await replicaLogin(await context.redis(instanceOf(context)));
    const login = loginsOf(users, context).find((each) => each.user === user);
    const isNew = login !== undefined && hashOf(password) === hashOf(await login.password());
    return { password: isNew ? "new" : "previous" };
  },
  async run({ users, password: which }, context) {
    const connection = await context.redis(instanceOf(context));
    const { user, password } = await replicaLogin(connection);
    const login = loginsOf(users, context).find((each) => each.user === user);
    // A server that logs in to nobody was not meant to.
    if (!login || password === "") return { outputs: { user: null }, changed: false };
    const wanted = await passwordOf(login, which);
    if (wanted !== password) {
      await connection.command(["CONFIG", "SET", "masterauth", wanted], { signal: context.signal });
    }
    if (await hasConfigFile(connection)) await connection.command(["CONFIG", "REWRITE"], { signal: context.signal });
    return { outputs: { user }, changed: wanted !== password };
  },
  repeatable: true,
});

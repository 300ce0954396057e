import { z } from "zod";
import type { RedisTarget } from "../../connect/types.ts";
import { passwordOf } from "../../credentials/changing.ts";
import { reachedThroughShell, redisTargetOf } from "../../inventory/redis-target.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { loginsOf, readUser, usersSchema, whichSchema } from "./user.ts";

/** Logs in as each of the users, on a connection of its own. Fails with REDIS_WRONGPASS where one is not let in. */
export const aclProve = defineAction({
  name: "acl.prove",
  summary: "Logs in to each targeted instance as each of these users, with the password meant",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ users: usersSchema, password: whichSchema }),
  output: z.strictObject({ users: z.array(z.string()).describe("Who was let in") }),
  example: `- id: proven
  action: acl.prove
  targets: { role: data }
  with: { users: [shop], password: new }`,
  commands: ({ users, password }) =>
    users.map((user) => ({ transport: "redis", text: `AUTH ${user} ‹${password} password›` })),
  async run({ users, password }, context) {
    const connection = await context.redis(instanceOf(context));
    const proven: string[] = [];
    for (const login of loginsOf(users, context)) {
      if (login.optional && !(await readUser(connection, login.user))) continue;
      await logIn(login.user, await passwordOf(login, password), context);
      proven.push(login.user);
    }
    return { outputs: { users: proven }, changed: false };
  },
});

async function logIn(user: string, password: string, context: ActionContext): Promise<void> {
  const { connectRedis } = await import("../../connect/redis/connect-redis.ts");
  const instance = instanceOf(context);
  const auth = { ...(user === "default" ? {} : { username: user }), password: async () => password };
  const target: RedisTarget = { ...redisTargetOf(instance, context.deployment), auth };
  const { signal } = context;
  const connection = reachedThroughShell(instance.host, context.deployment)
    ? await connectRedis(target, { via: "ssh", through: await context.shell(instance.host), signal })
    : await connectRedis(target, { via: "direct", signal });
  connection.close();
}

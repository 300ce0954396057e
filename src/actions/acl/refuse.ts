import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type ChangingLogin, passwordOf, type Which } from "../../credentials/changing.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { readDirectives } from "../redis/directives.ts";
import { type AclUser, hashesOf, keepUsers, loginsOf, readUser, usersSchema, whichSchema } from "./user.ts";

const input = z.strictObject({ users: usersSchema, password: whichSchema });

/** Has a server take a password no more. Who is logged in stays so; who comes anew with it is refused. */
export const aclRefuse = defineAction({
  name: "acl.refuse",
  summary: "Has each targeted instance take a password of these users no more, where it takes the other one",
  scope: "instance",
  effect: "disruptive",
  input,
  output: z.strictObject({ users: z.array(z.string()).describe("Users that took it until now") }),
  example: `- id: refuse
  action: acl.refuse
  targets: { role: data }
  with: { users: [shop], password: previous }
  undo: { action: acl.accept, with: { users: "\${{ before.users }}", password: previous } }`,
  commands: ({ users, password }) =>
    users.map((user) => redisCommand(["ACL", "SETUSER", user, `!‹sha256 of the ${password} password›`])),
  async before({ users, password }, context) {
    const connection = await context.redis(instanceOf(context));
    const taking: string[] = [];
    for (const login of loginsOf(users, context)) {
      const hashes = await hashesOf(login);
      if ((await readUser(connection, login.user))?.hashes.includes(hashes[password])) taking.push(login.user);
    }
    return { users: taking };
  },
  async run({ users, password }, context) {
    const connection = await context.redis(instanceOf(context));
    const removed: string[] = [];
    for (const login of loginsOf(users, context)) {
      const user = await readUser(connection, login.user);
      if (user && (await removeFrom(user, login, password, connection, context))) removed.push(login.user);
    }
    await keepUsers(context);
    return { outputs: { users: removed }, changed: removed.length > 0 };
  },
  repeatable: true,
});

async function removeFrom(
  user: AclUser,
  login: ChangingLogin,
  which: Which,
  connection: RedisConnection,
  context: ActionContext,
): Promise<boolean> {
  const hashes = await hashesOf(login);
  const gone = hashes[which];
  const other: Which = which === "new" ? "previous" : "new";
  if (!user.hashes.includes(hashes[other])) throw lockedOut(connection.instance, login.user, other);
  const taken = user.hashes.includes(gone);
  if (taken) await connection.command(["ACL", "SETUSER", login.user, `!${gone}`], { signal: context.signal });
  const left = user.hashes.filter((hash) => hash !== gone);
  if (login.user === "default" && left.length === 1) await setRequirepass(login, other, connection, context);
  return taken;
}

/** `requirepass` is another way to say what the password of `default` is: left as it was it would be in the file for ever. */
async function setRequirepass(
  login: ChangingLogin,
  to: Which,
  connection: RedisConnection,
  context: ActionContext,
): Promise<void> {
  // A Sentinel has no CONFIG; the user in its file counts for more than the `requirepass` beside it.
  if (instanceOf(context).kind === "sentinel") return;
  const { requirepass = "" } = await readDirectives(connection, ["requirepass"]);
  const password = await passwordOf(login, to);
  if (requirepass === "" || requirepass === password) return;
  await connection.command(["CONFIG", "SET", "requirepass", password], { signal: context.signal });
}

function lockedOut(instance: string, user: string, other: Which): RedishaError {
  return new RedishaError({
    code: "ROTATE_WOULD_LOCK_OUT",
    message: `${instance} does not take the ${other} password of ${user}: without the other one nobody could log in.`,
    host: instance,
    exit: EXIT.gateRefused,
    state: "this user was left as it is",
    next: [`look: ACL GETUSER ${user} on ${instance}`, "redisha runs resume, or redisha runs rollback"],
  });
}

import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { type ChangingLogin, sentinelsUser } from "../../credentials/changing.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { parseClients } from "./clients.ts";
import {
  masterauthUnknown,
  notKept,
  passwordUnknown,
  sentinelsAsOther,
  sentinelTooOld,
  userUnfit,
} from "./refusals.ts";
import { hashesOf, hashOf, keepingOf, loginsOf, readUser, replicaLogin, usersSchema } from "./user.ts";

const acceptsSchema = z.strictObject({
  user: z.string(),
  accepts: z.enum(["previous", "new", "both"]),
});

/** Looks whether passwords can be changed on a server without locking anybody out, and which it takes now. */
export const aclCheck = defineAction({
  name: "acl.check",
  summary: "Says which of both passwords each targeted instance takes, and refuses where they cannot be changed safely",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ users: usersSchema }),
  output: z.strictObject({ users: z.array(acceptsSchema) }),
  example: `- id: fit
  action: acl.check
  targets: { role: data }
  with: { users: [shop] }`,
  commands: ({ users }) => users.map((user) => ({ transport: "redis", text: `ACL GETUSER ${user}` })),
  async run({ users }, context) {
    const instance = instanceOf(context);
    const connection = await context.redis(instance);
    if (instance.kind === "sentinel") await refuseOldSentinel(connection);
    if ((await keepingOf(context)) === "nowhere") throw notKept(instance.id);
    const logins = loginsOf(users, context);
    if (instance.kind === "data") {
      await refuseUnknownMasterauth(connection, logins);
      await refuseOtherSentinels(connection, users, context);
    }
    const found: z.output<typeof acceptsSchema>[] = [];
    for (const login of logins) {
      const accepts = await acceptedOf(login, connection);
      if (accepts) found.push({ user: login.user, accepts });
    }
    return { outputs: { users: found }, changed: false };
  },
});

async function acceptedOf(
  login: ChangingLogin,
  connection: RedisConnection,
): Promise<z.output<typeof acceptsSchema>["accepts"] | undefined> {
  const { instance } = connection;
  const user = await readUser(connection, login.user);
  if (!user && login.optional) return undefined;
  if (!user) throw userUnfit(instance, login, "there is no such user");
  if (!user.on) throw userUnfit(instance, login, "the user is off");
  if (user.nopass) throw userUnfit(instance, login, "the user needs no password");
  const hashes = await hashesOf(login);
  const [isNew, isPrevious] = [user.hashes.includes(hashes.new), user.hashes.includes(hashes.previous)];
  if (isNew && isPrevious) return "both";
  if (isNew) return "new";
  if (isPrevious) return "previous";
  throw passwordUnknown(instance, login);
}

/** Sentinel has users since 6.2; before, its one password can be changed by nothing but a restart. */
async function refuseOldSentinel(connection: RedisConnection): Promise<void> {
  const info = String(await connection.command(["INFO", "server"]));
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 2)) throw sentinelTooOld(connection.instance, version);
}

async function refuseUnknownMasterauth(connection: RedisConnection, logins: readonly ChangingLogin[]): Promise<void> {
  const { user, password } = await replicaLogin(connection);
  const login = logins.find((each) => each.user === user);
  if (!login || password === "") return;
  const hashes = await hashesOf(login);
  if (![hashes.new, hashes.previous].includes(hashOf(password))) throw masterauthUnknown(connection.instance, login);
}

/** As whom Sentinels log in they do not tell; their connections do. */
async function refuseOtherSentinels(
  connection: RedisConnection,
  users: readonly string[],
  { deployment }: ActionContext,
): Promise<void> {
  const clients = parseClients(String(await connection.command(["CLIENT", "LIST"])));
  const own = sentinelsUser(deployment);
  const other = clients.find(({ user, is }) => is === "sentinel" && user !== own && users.includes(user));
  if (other) throw sentinelsAsOther(connection.instance, other.user);
}

import { createHash } from "node:crypto";
import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { type ChangingLogin, changingLogins, type Which } from "../../credentials/changing.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import { parsePairs } from "../observe/parse.ts";
import { readDirectives } from "../redis/directives.ts";

/** An ACL user, as a server has it. */
export interface AclUser {
  readonly on: boolean;
  /** Any password is taken. */
  readonly nopass: boolean;
  /** SHA-256 of each password it may log in with. */
  readonly hashes: readonly string[];
}

export const usersSchema = z
  .array(z.string())
  .describe("Names of ACL users; redisha.yaml gives a password and a previous_password for each");

export const whichSchema = z.enum(["new", "previous"]).describe("`password` of redisha.yaml, or `previous_password`");

const replySchema = z.array(z.unknown());
const wordsSchema = z.array(z.string());

/** Reads a user; undefined where the server has none of this name. */
export async function readUser(connection: RedisConnection, name: string): Promise<AclUser | undefined> {
  const reply = await connection.command(["ACL", "GETUSER", name]);
  if (reply === null) return undefined;
  const fields = replySchema.parse(reply);
  const list = (key: string) => wordsSchema.parse(fields[fields.indexOf(key) + 1]);
  const flags = list("flags");
  return { on: flags.includes("on"), nopass: flags.includes("nopass"), hashes: list("passwords") };
}

/** In which a server keeps a password, and takes it too: so that none travels, and none shows in MONITOR. */
export function hashOf(password: string): string {
  return createHash("sha256").update(password).digest("hex");
}

/** The logins of the targeted instance that are meant by these names. Fails with ROTATE_NOT_DECLARED. */
export function loginsOf(users: readonly string[], context: ActionContext): ChangingLogin[] {
  const { id, kind } = instanceOf(context);
  const all = changingLogins(context.deployment).filter(({ on }) => on === kind);
  return users.map((name) => {
    const found = all.find(({ user }) => user === name);
    if (found) return found;
    throw new RedishaError({
      code: "ROTATE_NOT_DECLARED",
      message: `redisha.yaml gives no previous_password for the user ${name}.`,
      host: id,
      state: "nothing was changed by this step",
      next: ["leave previous_password in redisha.yaml until the rotation is done, then: redisha runs resume"],
    });
  });
}

/** Both passwords of a login as servers keep them. */
export async function hashesOf(login: ChangingLogin): Promise<Record<Which, string>> {
  return { new: hashOf(await login.password()), previous: hashOf(await login.previous()) };
}

/** Where the users of an instance are kept, so that a restart does not bring the old ones back. */
type Keeping = "acl_file" | "configuration" | "sentinel" | "nowhere";

/** Finds out where. */
export async function keepingOf(context: ActionContext): Promise<Keeping> {
  const instance = instanceOf(context);
  if (instance.kind === "sentinel") return "sentinel";
  const connection = await context.redis(instance);
  const { aclfile } = await readDirectives(connection, ["aclfile"]);
  if (aclfile !== "") return "acl_file";
  return (await hasConfigFile(connection)) ? "configuration" : "nowhere";
}

/** Whether the server was started with a file that it can rewrite. */
export async function hasConfigFile(connection: RedisConnection): Promise<boolean> {
  const info = String(await connection.command(["INFO", "server"]));
  return /^config_file:\s*\S/m.test(info);
}

const KEEP: Readonly<Record<Exclude<Keeping, "nowhere">, readonly string[]>> = {
  acl_file: ["ACL", "SAVE"],
  configuration: ["CONFIG", "REWRITE"],
  sentinel: ["SENTINEL", "FLUSHCONFIG"],
};

/** Has the server write its users down. */
export async function keepUsers(context: ActionContext): Promise<void> {
  const keeping = await keepingOf(context);
  if (keeping === "nowhere") return;
  const connection = await context.redis(instanceOf(context));
  await connection.command(KEEP[keeping], { signal: context.signal });
}

/** The user as whom a server that is a replica logs in to its primary, and the password it uses; both may be empty. */
export async function replicaLogin(connection: RedisConnection): Promise<{ user: string; password: string }> {
  const { masteruser = "", masterauth = "" } = await readDirectives(connection, ["masteruser", "masterauth"]);
  return { user: masteruser === "" ? "default" : masteruser, password: masterauth };
}

/** The user as whom a Sentinel logs in to its peers: since 6.2, before it is the password that others log in with. */
export async function peerUser(connection: RedisConnection): Promise<string> {
  const all = parsePairs(await connection.command(["SENTINEL", "CONFIG", "GET", "sentinel-user"]));
  const name = all["sentinel-user"] ?? "";
  return name === "" ? "default" : name;
}

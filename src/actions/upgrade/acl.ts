import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { sentinelsUser } from "../../credentials/changing.ts";
import type { Instance } from "../../inventory/model.ts";
import { linesToKeep } from "../../upgrade/kept-behaviour.ts";
import { type Release, shown } from "../../upgrade/release.ts";
import { infoOf, serverOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { parseUsers } from "../preflight/parse-users.ts";
import { readDirectives } from "../redis/directives.ts";

const moved = z.strictObject({
  name: z.string(),
  lost: z.array(z.string()).describe("What the user may run now and may not there"),
  dangerous: z.array(z.string()).describe("Dangerous commands that it may run there, and may not now"),
  gained: z.int().describe("Other commands that it may run there"),
});

/** Whether the users of a server may do under another release what they are there for, and what it makes of their rules. */
export const upgradeAcl = defineAction({
  name: "upgrade.acl",
  summary:
    "Fails where Sentinel's or the replicas' login would lack a right under the release; tells which users it takes commands from, or gives dangerous ones",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({ engine: z.string(), version: z.string() }),
  output: z.strictObject({
    read: z.boolean().describe("Whether the login may look at users"),
    users: z.array(moved).describe("Users whose rights the release moves"),
  }),
  example: `- id: acl
  action: upgrade.acl
  targets: { role: data }
  with: { engine: redis, version: "8.0.2" }`,
  commands: () => [
    { transport: "redis", text: "ACL LIST" },
    { transport: "redis", text: "CONFIG GET masteruser acl-pubsub-default" },
  ],
  tell: ({ read, users }) =>
    !read
      ? "the login may not look at users"
      : users.map(({ name, lost, dangerous, gained }) => `${name}: ${told(lost, dangerous, gained)}`).join("; ") ||
        "no user is let do less, or anything dangerous",
  async run({ engine, version }, context) {
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const listed = await redis.command(["ACL", "LIST"], { signal: context.signal }).catch(() => undefined);
    if (!Array.isArray(listed)) return { outputs: { read: false, users: [] }, changed: false };
    const server = serverOf(await infoOf(redis, ["server"], context.signal));
    const [from, to] = [
      { engine: server.name, version: server.version },
      { engine, version },
    ];
    // Recorded commands of five engines: only an upgrade has use for them.
    const { rightsMissing, rightsMoved } = await import("../../upgrade/acl-rights.ts");
    const users = parseRights(listed.map(String)).filter(({ on }) => on);
    const { masteruser = "" } = await readDirectives(redis, ["masteruser"]);
    const open = linesToKeep(from, to).length > 0 || (await channelsAreOpen(redis, context.signal));
    const duties = [
      { duty: "replication" as const, name: masteruser || "default" },
      ...(context.deployment.kind === "sentinel"
        ? [{ duty: "sentinel" as const, name: sentinelsUser(context.deployment) }]
        : []),
    ];
    for (const { duty, name } of duties) {
      const user = users.find((each) => each.name === name);
      const missing = user ? rightsMissing(user, duty, to, open) : [];
      // What it lacks today is no matter of the upgrade.
      const news = user ? missing.filter((right) => !rightsMissing(user, duty, from, open).includes(right)) : [];
      if (news.length > 0) throw lacks(instance, name, duty, news, to);
    }
    const found = rightsMoved(users, from, to);
    for (const { name, lost, dangerous } of found) warn(instance, name, lost, dangerous, to, context);
    const outputs = found.map((each) => ({ ...each, lost: [...each.lost], dangerous: [...each.dangerous] }));
    return { outputs: { read: true, users: outputs }, changed: false };
  },
});

/** Whether a user without a rule for channels may use all of them; 6.0 knows no such rule. */
async function channelsAreOpen(redis: RedisConnection, signal: AbortSignal): Promise<boolean> {
  const [, value] = asWords(await redis.command(["CONFIG", "GET", "acl-pubsub-default"], { signal }));
  return value === undefined || value === "allchannels";
}

function asWords(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

function parseRights(lines: readonly string[]) {
  return parseUsers(lines, () => "").map(({ name, on, commands }) => {
    const rules = lines.find((line) => line.split(/\s+/)[1] === name)?.replace(/\([^)]*\)/g, " ") ?? "";
    const channels = rules.split(/\s+/).filter((rule) => rule.startsWith("&"));
    return { name, on, commands, channels: /\sallchannels(\s|$)/.test(rules) ? ["&*"] : channels };
  });
}

function told(lost: readonly string[], dangerous: readonly string[], gained: number): string {
  return [
    ...(lost.length > 0 ? [`may no longer run ${some(lost)}`] : []),
    ...(dangerous.length > 0 ? [`may run ${some(dangerous)}, which can do harm`] : []),
    ...(gained > 0 ? [`${gained} more commands`] : []),
  ].join(", ");
}

function warn(
  { id }: Instance,
  user: string,
  lost: readonly string[],
  dangerous: readonly string[],
  to: Release,
  context: ActionContext,
): void {
  if (lost.length + dangerous.length === 0) return;
  context.emit({ type: "warning", message: `${id}: under ${shown(to)} user ${user} ${told(lost, dangerous, 0)}` });
}

/** The first ones of many. */
function some(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
}

function lacks(
  { id }: Instance,
  user: string,
  duty: "sentinel" | "replication",
  missing: readonly string[],
  to: Release,
): RedishaError {
  const what = duty === "sentinel" ? "Sentinel could promote it no more" : "no replica could follow it any more";
  return new RedishaError({
    code: "UPGRADE_ACL_LACKS",
    message: `Under ${shown(to)} user ${user} of ${id} would lack ${missing.join(" ")}: ${what}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`on every data node: ACL SETUSER ${user} ${missing.join(" ")}, then ACL SAVE or CONFIG REWRITE`],
  });
}

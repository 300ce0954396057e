import { z } from "zod";
import { parseInfo } from "../../topology/parse/info.ts";
import { keyspaceOf } from "../../topology/parse/keyspace.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { parseUsers } from "../preflight/parse-users.ts";

/** Directives by which an operator knows a server again: another release must not have made others of them. */
const KNOWN_BY = [
  ...["appendonly", "appendfsync", "bind", "databases", "maxclients", "maxmemory", "maxmemory-policy"],
  ...["min-replicas-max-lag", "min-replicas-to-write", "notify-keyspace-events", "port", "protected-mode"],
  ...["repl-backlog-size", "save", "timeout", "tls-port"],
];

const noted = z.strictObject({
  config: z.record(z.string(), z.string()),
  users: z.record(z.string(), z.string()).describe("By name: whether it is on, its passwords counted, its keys"),
  keys: z.record(z.string(), z.int()).describe("By database"),
});
type Noted = z.output<typeof noted>;

/** Writes down what a server is like, to hold it against what it is like under another release. */
export const upgradeNote = defineAction({
  name: "upgrade.note",
  summary: "Notes the settings, the users and the keys of a server, as they are before another release runs",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({}),
  output: noted,
  example: `- id: note
  action: upgrade.note
  targets: { role: data }
  with: {}`,
  commands: () => LOOKS.map((argv) => ({ transport: "redis" as const, text: argv.join(" ") })),
  run: async (_input, context) => ({ outputs: await lookAt(context), changed: false }),
});

/** Holds a server against what was noted of it. */
export const upgradeKept = defineAction({
  name: "upgrade.kept",
  summary: "Holds the settings and the users of a server against what upgrade.note found, and tells what is otherwise",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ was: noted.describe("Outputs of upgrade.note") }),
  output: z.strictObject({
    settings: z.array(z.string()).describe("Those that have another value now"),
    users: z.array(z.string()).describe("Those that are gone, new, or may do something else"),
    keys: z.record(z.string(), z.int()).describe("By database, now"),
  }),
  example: `- id: kept
  action: upgrade.kept
  targets: { role: data }
  with: { was: "\${{ steps.note.hosts[host.id].outputs }}" }`,
  commands: () => LOOKS.map((argv) => ({ transport: "redis" as const, text: argv.join(" ") })),
  async run({ was }, context) {
    const is = await lookAt(context);
    const settings = differing(was.config, is.config);
    const users = differing(was.users, is.users);
    const { id } = instanceOf(context);
    for (const what of [...settings, ...users.map((user) => `user ${user}`)]) {
      context.emit({ type: "warning", message: `${id} is not as it was before: ${what}` });
    }
    return { outputs: { settings, users, keys: is.keys }, changed: false };
  },
});

const LOOKS = [
  ["CONFIG", "GET", "*"],
  ["ACL", "LIST"],
  ["INFO", "keyspace"],
];

async function lookAt(context: ActionContext): Promise<Noted> {
  const redis = await context.redis(instanceOf(context));
  const [config, users, info] = await redis.pipeline(LOOKS, { signal: context.signal });
  if (config instanceof Error) throw config;
  return { config: settingsOf(config), users: usersOf(users), keys: keysOf(info) };
}

function settingsOf(reply: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(pairsOf(reply)).filter(([name]) => KNOWN_BY.includes(name)));
}

/** Nothing where the login may not look at users: what cannot be seen before is not held against anything. */
function usersOf(reply: unknown): Record<string, string> {
  if (!Array.isArray(reply)) return {};
  const users = parseUsers(reply.map(String), () => "");
  return Object.fromEntries(
    users.map(({ name, on, nopass, passwords, keys }) => [
      name,
      [on ? "on" : "off", nopass ? "nopass" : `${passwords.length} passwords`, ...[...keys].sort()].join(" "),
    ]),
  );
}

function keysOf(reply: unknown): Record<string, number> {
  return keyspaceOf(parseInfo(typeof reply === "string" ? reply : ""));
}

/** `maxmemory was 0 and is 1048576` */
function differing(was: Readonly<Record<string, string>>, is: Readonly<Record<string, string>>): string[] {
  if (Object.keys(was).length === 0 || Object.keys(is).length === 0) return [];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => was[name] !== is[name])
    .map((name) => `${name} was ${said(was[name])} and is ${said(is[name])}`);
}

function said(value: string | undefined): string {
  return value === undefined ? "not there" : value === "" ? '""' : value;
}

import { type ConfLine, directivesOf } from "../conf/conf-file.ts";
import type { RedisConnection, RedisReply } from "../connect/types.ts";
import { MASK } from "../core/secret.ts";
import { allowedBy, type Categories, namedIn } from "./acl-rights.ts";
import type { Difference } from "./differences.ts";

/** What of a user is compared. */
interface Rules {
  readonly state: string;
  readonly passwords: string;
  readonly keys: string;
  /** Null where the server knows no channels. */
  readonly channels: string | null;
  /** Rules for commands, which each version spells out in its own way. */
  readonly commands: readonly string[];
  /** Rights beside its own, of which redisha gives none. */
  readonly selectors: boolean;
}

/** Where the users that a server holds in memory are not those of the ACL file that it should have. */
export async function userDifferences(
  wanted: readonly ConfLine[],
  redis: RedisConnection,
  signal: AbortSignal,
): Promise<Difference[]> {
  const names = await redis.command(["ACL", "USERS"], { signal });
  const there = Array.isArray(names) ? names.map(String) : [];
  const found = await redis.pipeline(
    there.map((name) => ["ACL", "GETUSER", name]),
    { signal },
  );
  const held = new Map(
    there.map((name, at) => {
      const reply = found[at];
      return [name, reply instanceof Error || reply === undefined ? undefined : heldRules(reply)] as const;
    }),
  );
  return differing(usersOf(wanted), held, await categoriesOf(redis, signal));
}

/** The same for an ACL file, of a server that runs: it spells out anew what it writes down. */
export async function userFileDifferences(
  wanted: readonly ConfLine[],
  found: readonly ConfLine[],
  redis: RedisConnection,
  signal: AbortSignal,
): Promise<Difference[]> {
  return differing(usersOf(wanted), usersOf(found), await categoriesOf(redis, signal));
}

function usersOf(lines: readonly ConfLine[]): Map<string, Rules> {
  return new Map(
    directivesOf(lines).flatMap(({ name, values: [user, ...rules] }) =>
      name === "user" && user !== undefined ? [[user, writtenRules(rules)] as const] : [],
    ),
  );
}

function differing(
  users: ReadonlyMap<string, Rules>,
  held: ReadonlyMap<string, Rules | undefined>,
  categories: Categories,
): Difference[] {
  const changed = [...users].flatMap(([user, will]): Difference[] => {
    const was = held.get(user);
    if (!was) return [{ name: `user ${user}`, was: null, will: shown(will) }];
    if (was.state === "off" && will.state === "off") return [];
    const named = [...namedIn(was.commands), ...namedIn(will.commands)];
    const may = allowedBy(was.commands, categories, named);
    const should = allowedBy(will.commands, categories, named);
    const more = [...may].filter((command) => !should.has(command));
    const fewer = [...should].filter((command) => !may.has(command));
    if (same(was, will) && more.length + fewer.length === 0) return [];
    return [{ name: `user ${user}`, was: shown(was, more), will: shown(will, fewer) }];
  });
  const more = [...held.keys()].filter((name) => !users.has(name));
  return [...changed, ...more.map((name) => ({ name: `user ${name}`, was: "there", will: null }))];
}

/** Every command of the server by category; one that has subcommands with rules of their own tells these. */
async function categoriesOf(redis: RedisConnection, signal: AbortSignal): Promise<Categories> {
  const words = (reply: RedisReply | Error | undefined) => (Array.isArray(reply) ? reply.map(String) : []);
  const names = words(await redis.command(["ACL", "CAT"], { signal }));
  const found = await redis.pipeline(
    names.map((name) => ["ACL", "CAT", name]),
    { signal },
  );
  return new Map(names.map((name, at) => [name, words(found[at])]));
}

function same(was: Rules, will: Rules): boolean {
  const channels = was.channels === null || was.channels === will.channels;
  return (
    was.state === will.state && was.passwords === will.passwords && was.keys === will.keys && channels && !was.selectors
  );
}

/** So many commands are named; who may all that others may not needs no longer list. */
const NAMED = 5;

function shown({ state, passwords, keys, channels, selectors }: Rules, alone: readonly string[] = []): string {
  const commands = alone.slice(0, NAMED).map((command) => `+${command}`);
  const more = alone.length > NAMED ? [`and ${alone.length - NAMED} commands more`] : [];
  const secret = passwords === "" ? "" : `password ${MASK}`;
  const beside = selectors ? "selectors" : "";
  return [state, secret, keys, channels ?? "", beside, ...commands, ...more].filter(Boolean).join(" ");
}

function writtenRules(rules: readonly string[]): Rules {
  return {
    state: rules.includes("off") ? "off" : "on",
    passwords: sorted(rules.filter((rule) => rule.startsWith("#")).map((rule) => rule.slice(1))),
    keys: sorted(rules.filter((rule) => /^[~%]/.test(rule))),
    channels: sorted(rules.filter((rule) => rule.startsWith("&"))),
    commands: rules,
    selectors: rules.some((rule) => rule.startsWith("(")),
  };
}

/** Redis 6 gives keys and channels as a list of patterns without `~`, later ones as one text with it. */
function heldRules(reply: RedisReply): Rules {
  const flat = Array.isArray(reply) ? reply : [];
  const field = (name: string) => {
    const at = flat.findIndex((each, index) => index % 2 === 0 && each === name);
    return at === -1 ? undefined : flat[at + 1];
  };
  const list = (value: RedisReply | undefined) =>
    Array.isArray(value)
      ? value.map(String)
      : String(value ?? "")
          .split(" ")
          .filter(Boolean);
  const channels = field("channels");
  return {
    state: list(field("flags")).includes("on") ? "on" : "off",
    passwords: sorted(list(field("passwords"))),
    keys: sorted(list(field("keys")).map((key) => (key.startsWith("~") ? key : `~${key}`))),
    channels:
      channels === undefined ? null : sorted(list(channels).map((name) => (name.startsWith("&") ? name : `&${name}`))),
    commands: String(field("commands") ?? "").split(" "),
    selectors: list(field("selectors")).length > 0,
  };
}

function sorted(words: readonly string[]): string {
  return [...words].sort().join(" ");
}

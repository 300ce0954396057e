import { type ConfLine, directivesOf } from "../conf/conf-file.ts";
import type { RedisConnection, RedisReply } from "../connect/types.ts";
import { MASK } from "../core/secret.ts";
import type { Difference } from "./differences.ts";

/** What of a user can be compared whatever the version: commands are spelled out by each in its own way. */
interface Rules {
  readonly state: string;
  readonly passwords: string;
  readonly keys: string;
}

/** Where the users that a server holds in memory are not those of the ACL file that it should have. */
export async function userDifferences(
  wanted: readonly ConfLine[],
  redis: RedisConnection,
  signal: AbortSignal,
): Promise<Difference[]> {
  const users = new Map(
    directivesOf(wanted).flatMap(({ name, values: [user, ...rules] }) =>
      name === "user" && user !== undefined ? [[user, wantedRules(rules)] as const] : [],
    ),
  );
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
  const changed = [...users].flatMap(([user, will]) => {
    const was = held.get(user);
    if (was && was.state === will.state && (will.state === "off" || same(was, will))) return [];
    return [{ name: `user ${user}`, was: was ? shown(was) : null, will: shown(will) }];
  });
  const more = there.filter((name) => !users.has(name));
  return [...changed, ...more.map((name) => ({ name: `user ${name}`, was: "there", will: null }))];
}

function same(one: Rules, other: Rules): boolean {
  return one.passwords === other.passwords && one.keys === other.keys;
}

function shown({ state, passwords, keys }: Rules): string {
  return [state, ...(passwords === "" ? [] : [`password ${MASK}`]), keys].filter(Boolean).join(" ");
}

function wantedRules(rules: readonly string[]): Rules {
  return {
    state: rules.includes("off") ? "off" : "on",
    passwords: sorted(rules.filter((rule) => rule.startsWith("#")).map((rule) => rule.slice(1))),
    keys: sorted(rules.filter((rule) => rule.startsWith("~"))),
  };
}

/** Redis 6 gives keys as a list of patterns without `~`, later ones as one text with it. */
function heldRules(reply: RedisReply): Rules {
  const flat = Array.isArray(reply) ? reply : [];
  const field = (name: string) => flat[flat.findIndex((each, at) => at % 2 === 0 && each === name) + 1];
  const list = (value: RedisReply | undefined) =>
    Array.isArray(value)
      ? value.map(String)
      : String(value ?? "")
          .split(" ")
          .filter(Boolean);
  return {
    state: list(field("flags")).includes("on") ? "on" : "off",
    passwords: sorted(list(field("passwords"))),
    keys: sorted(list(field("keys")).map((key) => (key.startsWith("~") ? key : `~${key}`))),
  };
}

function sorted(words: readonly string[]): string {
  return [...words].sort().join(" ");
}

import { type ConfLine, directivesOf } from "../conf/conf-file.ts";
import { oneName } from "../conf/same-directive.ts";
import { MASK } from "../core/secret.ts";

/** One directive that is not as it should be. Secrets are masked: that one changes is all that is told. */
export interface Difference {
  readonly name: string;
  readonly was: string | null;
  readonly will: string | null;
}

const SECRET =
  /^(requirepass|masterauth|primaryauth|tls-key-file-pass|tls-client-key-file-pass)$|(auth-pass|sentinel-pass)/;

/** What Sentinel leaves out of its file, since it would be so anyway. */
const SENTINEL_DEFAULTS: Readonly<Record<string, string>> = {
  "down-after-milliseconds": "30000",
  "failover-timeout": "180000",
  "parallel-syncs": "1",
  "deny-scripts-reconfig": "yes",
};

/**
 * Limits that a server has anyway. CONFIG REWRITE adds those of other groups beside a limit of ours, above its own mark, and
 * leaves ours out where it is one of these.
 */
const LIMITS_BY_ITSELF: Readonly<Record<string, string>> = {
  "client-output-buffer-limit normal": "0 0 0",
  "client-output-buffer-limit pubsub": "33554432 8388608 60",
  "client-output-buffer-limit replica": "268435456 67108864 60",
};

/** What Sentinel learns: more of it in its file than was rendered is no difference. */
const LEARNED = /^sentinel (myid|(config|leader|current)-epoch|known-(replica|slave|sentinel))\b/;

/**
 * Where two files of the same kind say different things: however a server that rewrote it spells and orders them. For
 * `sentinel`, what it writes of its own accord does not count.
 */
export function differencesOf(
  wanted: readonly ConfLine[],
  found: readonly ConfLine[],
  kind: "redis" | "sentinel" | "users" | "unit",
): Difference[] {
  const will = meaningOf(wanted, kind);
  const was = meaningOf(found, kind);
  const changed = [...will].flatMap(([key, value]) => {
    const now = was.get(key) ?? (kind === "sentinel" ? defaultOf(key) : LIMITS_BY_ITSELF[key]);
    return now === value || (kind === "sentinel" && LEARNED.test(key)) ? [] : [difference(key, now ?? null, value)];
  });
  const gone = [...was].flatMap(([key, value]) => {
    if (will.has(key)) return [];
    if (LIMITS_BY_ITSELF[key] === value) return [];
    const own = kind === "sentinel" && (!key.startsWith("sentinel ") || LEARNED.test(key));
    return own ? [] : [difference(key, value, null)];
  });
  return [...changed, ...gone];
}

/** Where a running server has another value than its file should say. `live` is what CONFIG GET tells. */
export function liveDifferences(
  wanted: readonly ConfLine[],
  live: Readonly<Record<string, string>>,
): (Difference & { readonly value: string })[] {
  // Under the name that this server has for it: one that has several tells the usual one, too.
  const own = new Map(Object.keys(live).map((name) => [oneName(name), name]));
  return [...meaningOf(wanted, "redis")].flatMap(([key, value]) => {
    const [usual = "", part] = key.split(" ");
    const name = usual in live ? usual : (own.get(usual) ?? usual);
    const told = live[name];
    if (told === undefined || usual === "replicaof") return [];
    // 0: so far above the port it was started with as the bus is declared to be.
    if (name === "cluster-port" && told === "0") return [];
    const now = meaningOf([{ name, values: told === "" ? [""] : told.split(" ") }], "redis").get(key);
    if (now === value) return [];
    return [
      {
        ...difference(part === undefined ? name : `${name} ${part}`, now ?? told, value),
        value: part === undefined ? value : `${part} ${value}`,
      },
    ];
  });
}

/** Every directive, by what tells it from others, and its value as it is meant. */
function meaningOf(lines: readonly ConfLine[], kind: "redis" | "sentinel" | "users" | "unit"): Map<string, string> {
  const meanings = new Map<string, string>();
  for (const { name: written, values } of directivesOf(lines)) {
    const name = oneName(written);
    if (name === "sentinel") {
      const [verb = "", ...rest] = values;
      const global = /^(myid|current-epoch|announce-|resolve-|deny-|sentinel-)/.test(verb);
      const many = /^known-/.test(verb);
      const keyed = global ? 0 : many ? rest.length : 1;
      meanings.set(["sentinel", verb, ...rest.slice(0, keyed)].join(" "), rest.slice(keyed).join(" "));
    } else if (name === "user") {
      const [user = "", ...rules] = values;
      meanings.set(`user ${user}`, kind === "sentinel" ? rulesOf(rules) : rules.join(" "));
    } else if (name === "client-output-buffer-limit") {
      for (let at = 0; at + 3 < values.length; at += 4) {
        const [group = "", ...limits] = values.slice(at, at + 4);
        meanings.set(`${name} ${group === "slave" ? "replica" : group}`, limits.map(bytesOf).join(" "));
      }
    } else if (name === "save") {
      const before = meanings.get(name);
      meanings.set(name, [before, values.join(" ")].filter(Boolean).join(" "));
    } else if (name === "rename-command" || name === "loadmodule" || name === "include") {
      meanings.set([name, ...values].join(" "), "");
    } else {
      meanings.set(name, values.map(bytesOf).join(" "));
    }
  }
  return meanings;
}

/** What of a Sentinel's user can differ: it spells the rules out in words of its own. */
function rulesOf(rules: readonly string[]): string {
  const state = rules.includes("off") ? "off" : "on";
  const hashes = state === "off" ? [] : rules.filter((rule) => rule.startsWith("#")).sort();
  return [state, ...hashes].join(" ");
}

const UNITS: Readonly<Record<string, number>> = {
  k: 1_000,
  m: 1_000 ** 2,
  g: 1_000 ** 3,
  kb: 1_024,
  mb: 1_024 ** 2,
  gb: 1_024 ** 3,
};

/** `1mb` as 1048576; everything else as it is. */
function bytesOf(value: string): string {
  const [, number, unit = ""] = /^(\d+)(k|m|g|kb|mb|gb)$/i.exec(value) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return number === undefined || factor === undefined ? value : String(Number(number) * factor);
}

function defaultOf(key: string): string | undefined {
  return SENTINEL_DEFAULTS[key.split(" ")[1] ?? ""];
}

function difference(name: string, was: string | null, will: string | null): Difference {
  const hide = SECRET.test(name);
  const shown = (value: string | null) => {
    if (value === null) return null;
    if (hide) return MASK;
    return value.replace(/#[0-9a-f]{64}/g, MASK);
  };
  return { name, was: shown(was), will: shown(will) };
}

import { count } from "../../topology/words.ts";
import { inInfo, isRecent, rfc3339, seen } from "../evidence.ts";
import type { Cause } from "../model.ts";

/** Commands whose time grows with the data. */
const LINEAR =
  /^(KEYS|SMEMBERS|HGETALL|HKEYS|HVALS|LRANGE|ZRANGE|ZREVRANGE|SORT|SUNION|SINTER|SDIFF|SUNIONSTORE|SINTERSTORE|SDIFFSTORE|ZUNIONSTORE|ZINTERSTORE|FLUSHALL|FLUSHDB|DEL|EVAL|EVALSHA|FCALL|DEBUG.*|MIGRATE|SAVE)$/;

export const slowCommands: Cause = {
  id: "slow-commands",
  title: "Slow commands hold up a server",
  symptoms: ["slow", "replica-behind", "no-failover"],
  why: "A server does one command at a time: while a slow one runs, clients time out, replicas hear nothing, and a Sentinel holds the server to be down if it takes longer than down-after.",
  how: "SLOWLOG and LATENCY of every server within the time looked at, clients that are blocked.",
  diagnose: (facts) =>
    Object.entries(facts.servers).flatMap(([id, { slow }]) => {
      const recent = (slow ?? []).filter(
        ({ at_s, microseconds }) => microseconds >= facts.limits.slowMs * 1_000 && isRecent(facts, at_s),
      );
      const [worst] = [...recent].sort((a, b) => b.microseconds - a.microseconds);
      if (!worst) return [];
      const delays = (facts.troubles[id]?.delays ?? []).filter(({ at_s }) => isRecent(facts, at_s));
      const commands = [...new Set(recent.map(({ command }) => command))];
      return [
        {
          severity: "warning" as const,
          confidence: "certain" as const,
          subjects: [id],
          message: `${id} was held up by ${count(recent.length, "slow command")}, the slowest ${worst.command} with ${Math.round(worst.microseconds / 1_000)} ms`,
          evidence: [
            ...recent
              .slice(0, 4)
              .map(({ command, microseconds, at_s }) =>
                seen(id, "SLOWLOG", `${command} took ${Math.round(microseconds / 1_000)} ms`, rfc3339(at_s)),
              ),
            ...delays
              .slice(0, 3)
              .map(({ event, max_ms, at_s }) => seen(id, "LATENCY", `${event} took up to ${max_ms} ms`, rfc3339(at_s))),
            ...inInfo(facts, id, "blocked_clients", "instantaneous_ops_per_sec"),
          ],
          next: [
            ...commands.filter((command) => LINEAR.test(command)).map((command) => adviceFor(command)),
            "redisha preflight --only big-keys names the largest keys",
          ],
        },
      ];
    }),
};

function adviceFor(command: string): string {
  if (command === "KEYS") return "SCAN in place of KEYS";
  if (/^(DEL|FLUSHALL|FLUSHDB)$/.test(command))
    return `${command === "DEL" ? "UNLINK in place of DEL" : `${command} ASYNC`}`;
  if (/^(EVAL|EVALSHA|FCALL)$/.test(command)) return "scripts in smaller parts: nothing else runs while one does";
  return `${command} on smaller collections, or in parts`;
}

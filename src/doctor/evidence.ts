import type { Instance } from "../inventory/model.ts";
import type { DataNode, SentinelNode } from "../topology/schema.ts";
import type { Facts, LogLine, ReachFacts } from "./facts.ts";
import type { Evidence } from "./model.ts";

/** Lines of one log that are told for one cause; the last ones say most. */
const LINES_SHOWN = 3;

/** What a server says in a field of INFO; nothing where it does not say it. */
export function inInfo(facts: Facts, id: string, ...names: readonly string[]): Evidence[] {
  const info = facts.servers[id]?.info;
  return names.flatMap((name) => {
    const value = info?.[name];
    return value === undefined ? [] : [{ where: id, source: `INFO ${name}`, value, at: null }];
  });
}

/** A directive as the server holds it in memory. */
export function inConfig(facts: Facts, id: string, name: string): Evidence[] {
  const value = facts.servers[id]?.config?.[name];
  return value === undefined ? [] : [{ where: id, source: `CONFIG GET ${name}`, value, at: null }];
}

/** Something that was seen in any other way. */
export function seen(where: string, source: string, value: string, at: string | null = null): Evidence {
  return { where, source, value, at };
}

/** A number among the fields of INFO; undefined where there is none. */
export function figure(facts: Facts, id: string, name: string): number | undefined {
  const text = facts.servers[id]?.info?.[name];
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** How often a server answered with an error of that name since it started (6.2 and later). */
export function errorsOf(facts: Facts, id: string, name: string): number {
  return Number(/count=(\d+)/.exec(facts.servers[id]?.info?.[`errorstat_${name}`] ?? "")?.[1] ?? 0);
}

/** The same as evidence; nothing where there was none. */
export function errorEvidence(facts: Facts, id: string, ...names: readonly string[]): Evidence[] {
  return names
    .filter((name) => errorsOf(facts, id, name) > 0)
    .flatMap((name) => inInfo(facts, id, `errorstat_${name}`));
}

/** Lines of a server's log that say something, oldest first. */
function lines(facts: Facts, id: string, pattern: RegExp): LogLine[] {
  return (facts.logs[id]?.lines ?? []).filter(({ text }) => pattern.test(text));
}

/** The last of them as evidence. */
export function inLog(facts: Facts, id: string, pattern: RegExp, shown = LINES_SHOWN): Evidence[] {
  return lines(facts, id, pattern)
    .slice(-shown)
    .map(({ text, times, last_at }) => ({
      where: id,
      source: `log ${facts.logs[id]?.source ?? ""}`.trim(),
      value: times > 1 ? `${text} (${times} times)` : text,
      at: last_at,
    }));
}

/** How often lines of that kind stand in the log. */
export function timesLogged(facts: Facts, id: string, pattern: RegExp): number {
  return lines(facts, id, pattern).reduce((sum, { times }) => sum + times, 0);
}

/** When such a line was last written, in milliseconds since 1970; 0 where there is none. */
export function lastLogged(facts: Facts, id: string, pattern: RegExp): number {
  return Math.max(0, ...lines(facts, id, pattern).map(({ last_at }) => Date.parse(last_at ?? "") || 0));
}

type Attempt = ReachFacts["tried"][number];

/** What came of a connection from a host to an instance; undefined where none was tried. */
export function wayFrom(facts: Facts, host: string, instance: string, bus = false): Attempt | undefined {
  return facts.reaches[host]?.tried.find((each) => each.instance === instance && each.bus === bus);
}

/** The same as evidence. */
export function wayEvidence(facts: Facts, host: string, instance: string, bus = false): Evidence[] {
  const way = wayFrom(facts, host, instance, bus);
  return way ? [seen(host, `connection to ${instance}${bus ? " (bus)" : ""}, port ${way.port}`, wordOf(way))] : [];
}

function wordOf({ answer, why }: Attempt): string {
  if (answer === "silent") return "no answer within 5 s: packets are dropped on the way, or the host is gone";
  if (answer === "refused") return "refused: nothing listens there, or a firewall rejects it";
  return answer === "open" ? "open" : `could not be tried: ${why}`;
}

export function nodeOf(facts: Facts, id: string | null): DataNode | undefined {
  return facts.topology.nodes.find((node) => node.id === id);
}

/** Sentinels that answer and watch the group. */
export function watching(facts: Facts): SentinelNode[] {
  return facts.topology.sentinels.filter((sentinel) => sentinel.up && sentinel.watching);
}

export function instanceOf(facts: Facts, id: string): Instance | undefined {
  return facts.deployment.instances.find((instance) => instance.id === id);
}

/** Whether a time, in seconds since 1970, lies within what is looked at. */
export function isRecent(facts: Facts, seconds: number): boolean {
  return facts.nowMs - seconds * 1_000 <= facts.withinMs;
}

export const rfc3339 = (seconds: number): string => new Date(seconds * 1_000).toISOString();

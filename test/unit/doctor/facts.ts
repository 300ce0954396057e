import type { Facts, LogFacts, TroubleFacts } from "../../../src/doctor/facts.ts";
import { judge } from "../../../src/topology/judge.ts";
import type { DataNode, SentinelNode } from "../../../src/topology/schema.ts";
import { goodFacts as goodPreflightFacts, NOW_MS } from "../preflight/facts.ts";

/** Facts of a deployment in which nothing is wrong, and changes of them: each test says only what is otherwise. */

export type Change = (facts: Facts) => Facts;

const QUIET: TroubleFacts = { read: true, why: null, refusals: [], delays: [] };
const SILENT_LOG: LogFacts = { read: true, why: null, source: "/var/log/redis.log", lines: [] };

export function goodFacts(): Facts {
  const { backups: _b, drills: _d, monitoring: _m, ways: _w, ...gathered } = goodPreflightFacts();
  const { instances, hosts } = gathered.deployment;
  const ids = instances.map(({ id }) => id);
  return {
    ...gathered,
    verdict: judge(gathered.topology),
    withinMs: 900_000,
    limits: { slowMs: 100, memory: 0.9, clockMs: 2_000, downAfterMs: 60_000 },
    troubles: Object.fromEntries(ids.map((id) => [id, QUIET])),
    logs: Object.fromEntries(ids.map((id) => [id, SILENT_LOG])),
    kernels: Object.fromEntries(
      hosts.map(({ name }) => [name, { read: true, why: null, kills: [], ended: [], clock: [] }]),
    ),
    reaches: Object.fromEntries(
      hosts.map(({ name }) => {
        const others = instances.filter(({ host }) => host.name !== name);
        const tried = others.map(({ id, port }) => ({
          ...{ instance: id, port, bus: false },
          ...{ answer: "open" as const, why: "" },
        }));
        return [name, { read: true, why: null, tried }];
      }),
    ),
  };
}

export function changed(...changes: readonly Change[]): Facts {
  const facts = changes.reduce((all, change) => change(all), goodFacts());
  return { ...facts, verdict: judge(facts.topology) };
}

export const node =
  (id: string, differences: Partial<DataNode>): Change =>
  (facts) => ({ ...facts, topology: { ...facts.topology, nodes: listed(facts.topology.nodes, id, differences) } });

export const sentinel =
  (id: string, differences: Partial<SentinelNode>): Change =>
  (facts) => ({
    ...facts,
    topology: { ...facts.topology, sentinels: listed(facts.topology.sentinels, id, differences) },
  });

/** Of one of the records, what is otherwise about one of its keys. */
export const fact =
  <K extends "servers" | "troubles" | "processes" | "logs" | "hosts" | "kernels">(
    kind: K,
    key: string,
    differences: Partial<Facts[K][string]>,
  ): Change =>
  (facts) => ({ ...facts, [kind]: { ...facts[kind], [key]: { ...facts[kind][key], ...differences } } });

export const info =
  (id: string, fields: Readonly<Record<string, string>>): Change =>
  (facts) =>
    fact("servers", id, { info: { ...facts.servers[id]?.info, ...fields } })(facts);

/** Lines of a log, each written a minute ago. */
export const logged = (id: string, ...texts: readonly string[]): Change => {
  const at = new Date(NOW_MS - 60_000).toISOString();
  return fact("logs", id, { lines: texts.map((text) => ({ text, times: 1, first_at: at, last_at: at })) });
};

/** What comes of connections from a host to an instance. */
export const way =
  (from: string, instance: string, answer: "open" | "refused" | "silent", bus = false): Change =>
  (facts) => {
    const reach = facts.reaches[from];
    if (!reach) throw new Error(`there is no ${from}`);
    const rest = reach.tried.filter((each) => each.instance !== instance || each.bus !== bus);
    const port = bus ? 16_379 : 6_379;
    const tried = [...rest, { instance, port, bus, answer, why: "" }];
    return { ...facts, reaches: { ...facts.reaches, [from]: { ...reach, tried } } };
  };

export const topology =
  (differences: Partial<Facts["topology"]>): Change =>
  (facts) => ({ ...facts, topology: { ...facts.topology, ...differences } });

export const deployment =
  (differences: Partial<Facts["deployment"]>): Change =>
  (facts) => ({ ...facts, deployment: { ...facts.deployment, ...differences } });

function listed<T extends { id: string }>(all: readonly T[], id: string, differences: Partial<T>): T[] {
  if (!all.some((each) => each.id === id)) throw new Error(`there is no ${id}`);
  return all.map((each) => (each.id === id ? { ...each, ...differences } : each));
}

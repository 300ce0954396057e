import type { Facts, HostFacts, ProcessFacts, ServerFacts } from "../../../src/preflight/facts.ts";
import { goodFacts } from "./facts.ts";

/** Changes of the good facts: each test says only what is otherwise. */

export type Change = (facts: Facts) => Facts;

export const server =
  (id: string, differences: Partial<ServerFacts>): Change =>
  (facts) => ({ ...facts, servers: patched(facts.servers, id, differences) });

export const config =
  (id: string, directives: Readonly<Record<string, string>>): Change =>
  (facts) =>
    server(id, { config: { ...facts.servers[id]?.config, ...directives } })(facts);

export const info =
  (id: string, fields: Readonly<Record<string, string>>): Change =>
  (facts) =>
    server(id, { info: { ...facts.servers[id]?.info, ...fields } })(facts);

export const process =
  (id: string, differences: Partial<ProcessFacts>): Change =>
  (facts) => ({ ...facts, processes: patched(facts.processes, id, differences) });

export const host =
  (name: string, differences: Partial<HostFacts>): Change =>
  (facts) => ({ ...facts, hosts: patched(facts.hosts, name, differences) });

export const deployment =
  (differences: Partial<Facts["deployment"]>): Change =>
  (facts) => ({ ...facts, deployment: { ...facts.deployment, ...differences } });

export const node =
  (id: string, differences: Partial<Facts["topology"]["nodes"][number]>): Change =>
  (facts) => ({ ...facts, topology: { ...facts.topology, nodes: listed(facts.topology.nodes, id, differences) } });

export const sentinel =
  (id: string, differences: Partial<Facts["topology"]["sentinels"][number]>): Change =>
  (facts) => ({
    ...facts,
    topology: { ...facts.topology, sentinels: listed(facts.topology.sentinels, id, differences) },
  });

/** Everybody but r3 was upgraded to 8.0, and that was left for the way back. */
export const withStandby =
  (differences: Partial<Facts["topology"]["nodes"][number]> = {}): Change =>
  (facts) => {
    const kept = { on_replicated_error: "panic", diskless_load: "swapdb", priority: 0, unexpected_errors: 0 };
    const newer = { redis_version: "8.0.2" };
    const changes = [
      node("r1:6379", { version: "8.0.2", replid: "a" }),
      node("r2:6379", { version: "8.0.2", replid: "a" }),
      node("r3:6379", { ...kept, version: "7.0.15", read_only: true, replid: "a", ...differences }),
      ...["r1:6379", "r2:6379", "r1:26379", "r2:26379"].map((id) => info(id, newer)),
      deployment({ engine: { name: "redis", version: "8.0.2" } }),
    ];
    return changes.reduce((so, change) => change(so), facts);
  };

/** One replica that does not answer. */
export const SILENT = server("r2:6379", { reached: false, why: "refused" });

export function changed(...changes: readonly Change[]): Facts {
  return changes.reduce((facts, change) => change(facts), goodFacts());
}

function patched<T>(all: Readonly<Record<string, T>>, key: string, differences: Partial<T>): Record<string, T> {
  const known = all[key];
  if (known === undefined) throw new Error(`there is no ${key}`);
  return { ...all, [key]: { ...known, ...differences } };
}

function listed<T extends { id: string }>(all: readonly T[], id: string, differences: Partial<T>): T[] {
  if (!all.some((each) => each.id === id)) throw new Error(`there is no ${id}`);
  return all.map((each) => (each.id === id ? { ...each, ...differences } : each));
}

import { formatBytes } from "../../core/units.ts";
import type { DataNode, Finding } from "../schema.ts";
import { percent, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Memory and client slots that run out. */
export function resourceFindings({ topology, thresholds }: Case): Finding[] {
  const up = topology.nodes.filter((node) => node.up);
  return up.flatMap((node) => [...memory(node, thresholds.memory), ...clients(node, thresholds.clients)]);
}

/** A full cache that evicts works as intended; a full store that may not evict refuses writes. Replicas follow their primary. */
function memory(node: DataNode, threshold: number): Finding[] {
  if (node.used_memory === null) return [];
  if (!node.maxmemory) return hostMemory(node, node.used_memory, threshold);
  if (node.role !== "primary" || node.used_memory < node.maxmemory * threshold) return [];
  const policy = node.maxmemory_policy ?? "unknown policy";
  const level = `${node.id} uses ${formatBytes(node.used_memory)} of ${formatBytes(node.maxmemory)} (${percent(node.used_memory, node.maxmemory)})`;
  const full = node.used_memory >= node.maxmemory;
  const evidence = [`maxmemory-policy ${policy}, evicted_keys ${node.evicted_keys}`];
  const next = [redisCli(node, "MEMORY", "STATS"), "raise maxmemory, or delete what is not needed"];
  if (policy === "noeviction") {
    return [
      finding({
        id: "memory_near_limit",
        severity: full ? "critical" : "warning",
        subject: node.id,
        message: `${level} and may evict nothing (noeviction): ${full ? "it refuses writes with OOM" : "when it is full, it refuses writes with OOM"}`,
        evidence,
        next,
      }),
    ];
  }
  const onlyTtl = policy.startsWith("volatile-")
    ? ", but only keys with an expiry: without such keys it refuses writes"
    : "";
  return [
    finding({
      id: "memory_near_limit",
      severity: "info",
      subject: node.id,
      message: `${level} and makes room by ${policy}${onlyTtl}`,
      evidence,
      next: onlyTtl ? next : [],
    }),
  ];
}

function hostMemory(node: DataNode, used: number, threshold: number): Finding[] {
  if (!node.system_memory || used < node.system_memory * threshold) return [];
  return [
    finding({
      id: "memory_near_limit",
      severity: "warning",
      subject: node.id,
      message: `${node.id} has no maxmemory and uses ${formatBytes(used)} of its host's ${formatBytes(node.system_memory)} (${percent(used, node.system_memory)}): the kernel may kill it`,
      evidence: [`maxmemory 0, total_system_memory ${node.system_memory}`],
      next: [redisCli(node, "CONFIG", "SET", "maxmemory", String(Math.floor(node.system_memory * 0.7)))],
    }),
  ];
}

function clients(node: DataNode, threshold: number): Finding[] {
  if (node.clients === null || !node.maxclients || node.clients < node.maxclients * threshold) return [];
  return [
    finding({
      id: "maxclients_near",
      severity: "warning",
      subject: node.id,
      message: `${node.id} has ${node.clients} of ${node.maxclients} client connections (${percent(node.clients, node.maxclients)}): beyond that it refuses clients, replicas and Sentinels alike`,
      evidence: [`INFO connected_clients:${node.clients}`],
      next: [redisCli(node, "CLIENT", "LIST"), "find the leak, or raise maxclients and the limit of open files"],
    }),
  ];
}

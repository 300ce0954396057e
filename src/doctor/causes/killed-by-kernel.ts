import { list } from "../../topology/words.ts";
import { seen } from "../evidence.ts";
import type { Facts, KernelFacts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";

const SERVER = /redis|valkey|keydb|dragonfly/i;
/** The kernel says so where a group of processes reached a limit of its own, and the host may have plenty. */
const OWN_LIMIT = /Memory cgroup|CONSTRAINT_MEMCG/;
const OUT_OF_MEMORY = /oom|out of memory/i;

type Line = KernelFacts["kills"][number];

export const killedByKernel: Cause = {
  id: "killed-by-kernel",
  title: "The kernel ended a server, or another process, for want of memory",
  symptoms: ["memory", "writes-lost", "no-failover"],
  why: "Without vm.overcommit_memory, with maxmemory near what the host has, or beside another greedy process, the kernel ends the largest one: most often the server.",
  how: "The kernel's journal on every host, and what systemd says of how units of servers ended.",
  diagnose: (facts) =>
    Object.entries(facts.kernels).flatMap(([host, { kills, ended }]): Diagnosis[] => {
      // Another program that reached a limit of its own is no danger to a server.
      const told = kills.filter(({ text }) => SERVER.test(text) || !OWN_LIMIT.test(text));
      const certain = told.length > 0 || ended.some(({ text }) => OUT_OF_MEMORY.test(text));
      const lines = [...told.slice(-3).map(from(host, "kernel")), ...ended.slice(-3).map(from(host, "systemd"))];
      if (lines.length === 0) return [];
      const server = ended.length > 0 || told.some(({ text }) => SERVER.test(text));
      const limited = told.some(({ text }) => OWN_LIMIT.test(text));
      return [
        {
          severity: server && isMissing(host, facts) ? "critical" : "warning",
          confidence: certain ? "certain" : "possible",
          subjects: [host],
          message: messageOf(host, server, certain),
          evidence: [...lines, ...memoryOf(host, facts)],
          mend: { runbook: "init-os", inputs: {} },
          next: [
            ...(limited
              ? [`on ${host}: systemctl show -p MemoryMax 'redis*' 'valkey*'  # a limit of the unit was reached`]
              : []),
            ...(certain
              ? []
              : [`on ${host}, or on the machine that it is a container of: journalctl -k | grep -i oom`]),
            `leave room: maxmemory of all servers on ${list([host])} together at most 70 % of its memory (redisha preflight --only maxmemory)`,
          ],
        },
      ];
    }),
};

const from = (host: string, source: string) => (line: Line) => seen(host, source, line.text, line.at);

function messageOf(host: string, server: boolean, certain: boolean): string {
  if (!certain) return `Something ended a server on ${host} by SIGKILL, as the kernel does for want of memory`;
  if (server) return `The kernel of ${host} ended a server for want of memory`;
  return `The kernel of ${host} ended processes for want of memory: a server may be next`;
}

function memoryOf(host: string, { hosts }: Facts) {
  const { memory, overcommit_memory } = hosts[host] ?? {};
  return [
    ...(memory === undefined || memory === null ? [] : [seen(host, "memory", `${memory} bytes`)]),
    ...(overcommit_memory === 0 ? [seen(host, "vm.overcommit_memory", "0")] : []),
  ];
}

/** Whether a server of the host is still away; systemd starts it again within moments. */
function isMissing(host: string, { topology }: Facts): boolean {
  return topology.nodes.some((node) => node.host === host && node.listed && !node.up);
}

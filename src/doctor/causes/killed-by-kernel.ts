import { list } from "../../topology/words.ts";
import { seen } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause } from "../model.ts";

const SERVER = /redis|valkey|keydb|dragonfly/i;

export const killedByKernel: Cause = {
  id: "killed-by-kernel",
  title: "The kernel ended a server, or another process, for want of memory",
  symptoms: ["memory", "writes-lost", "no-failover"],
  why: "Without vm.overcommit_memory, with maxmemory near what the host has, or beside another greedy process, the kernel ends the largest one: most often the server.",
  how: "The kernel's journal on every host.",
  diagnose: (facts) =>
    Object.entries(facts.kernels).flatMap(([host, { kills }]) => {
      const last = kills.slice(-3);
      if (last.length === 0) return [];
      const server = kills.some(({ text }) => SERVER.test(text));
      const memory = facts.hosts[host]?.memory;
      return [
        {
          severity: server && isMissing(host, facts) ? ("critical" as const) : ("warning" as const),
          confidence: "certain" as const,
          subjects: [host],
          message: server
            ? `The kernel of ${host} ended a server for want of memory`
            : `The kernel of ${host} ended processes for want of memory: a server may be next`,
          evidence: [
            ...last.map(({ at, text }) => seen(host, "kernel", text, at)),
            ...(memory === undefined || memory === null ? [] : [seen(host, "memory", `${memory} bytes`)]),
            ...(facts.hosts[host]?.overcommit_memory === 0 ? [seen(host, "vm.overcommit_memory", "0")] : []),
          ],
          mend: { runbook: "init-os", inputs: {} },
          next: [
            `leave room: maxmemory of all servers on ${list([host])} together at most 70 % of its memory (redisha preflight --only maxmemory)`,
          ],
        },
      ];
    }),
};

/** Whether a server of the host is still away; systemd starts it again within moments. */
function isMissing(host: string, { topology }: Facts): boolean {
  return topology.nodes.some((node) => node.host === host && node.listed && !node.up);
}

import { formatBytes } from "../../core/units.ts";
import { errorEvidence, errorsOf, figure, inConfig, inInfo, seen } from "../evidence.ts";
import type { Cause } from "../model.ts";

/** What of a host's memory a server may be given: the rest is for its copy while it saves, and for buffers. */
const SHARE = 0.7;

export const memoryFull: Cause = {
  id: "memory-full",
  title: "A server has used up the memory that it is given",
  symptoms: ["memory", "writes-refused"],
  why: "At maxmemory a server with noeviction refuses every write with OOM; with any other policy it throws keys away.",
  how: "used_memory against maxmemory of every primary, maxmemory-policy, OOM errors given, keys evicted.",
  diagnose: (facts) =>
    facts.topology.nodes
      .filter(({ reach, role }) => reach.ok && role === "primary")
      .flatMap(({ id, host, maxmemory, maxmemory_policy, used_memory }) => {
        const used = figure(facts, id, "used_memory") ?? used_memory ?? 0;
        const refuses = maxmemory_policy === "noeviction";
        const oom = errorsOf(facts, id, "OOM");
        if (!maxmemory || used < maxmemory * facts.limits.memory || !refuses) return [];
        const full = used >= maxmemory;
        const memory = facts.hosts[host]?.memory ?? figure(facts, id, "total_system_memory");
        const room = memory === undefined ? undefined : Math.floor((memory * SHARE) / 1024 ** 2) * 1024 ** 2;
        const wanted = Math.max(maxmemory * 1.5, used * 1.3);
        const fits = room !== undefined && wanted <= room;
        return [
          {
            severity: full ? ("critical" as const) : ("warning" as const),
            confidence: "certain" as const,
            subjects: [id],
            message: `${id} has used ${formatBytes(used)} of its ${formatBytes(maxmemory)} and may evict nothing: ${full ? "every write gets OOM" : "soon every write gets OOM"}${oom > 0 ? `, ${oom} did` : ""}`,
            evidence: [
              ...inInfo(
                facts,
                id,
                "used_memory",
                "maxmemory",
                "maxmemory_policy",
                "used_memory_dataset",
                "used_memory_overhead",
              ),
              ...errorEvidence(facts, id, "OOM"),
              ...(memory === undefined ? [] : [seen(host, "memory", formatBytes(memory))]),
              ...inConfig(facts, id, "maxmemory-policy"),
            ],
            ...(fits
              ? {
                  mend: {
                    runbook: "raise-maxmemory",
                    inputs: { maxmemory: String(Math.ceil(wanted / 1024 ** 2) * 1024 ** 2) },
                  },
                }
              : {}),
            next: [
              ...(fits ? [] : [`${host} has no room for more: move keys away (redisha size), or to a bigger host`]),
              "delete what nobody needs; redisha preflight --only big-keys names the largest keys",
            ],
          },
        ];
      }),
};

import { figure, inInfo, inLog, isRecent, rfc3339, seen } from "../evidence.ts";
import type { Cause } from "../model.ts";

export const slowFork: Cause = {
  id: "slow-fork",
  title: "Forks, or huge pages, hold up a server",
  symptoms: ["slow", "no-failover"],
  why: "Each snapshot, rewrite and full sync forks the server, and nothing else happens until that is done; with huge pages every write behind it copies two megabytes.",
  how: "latest_fork_usec of INFO, fork among LATENCY, transparent huge pages of the host and what the server says of them in its log.",
  diagnose: (facts) =>
    facts.topology.nodes
      .filter(({ reach }) => reach.ok)
      .flatMap(({ id, host }) => {
        const forkMs = (figure(facts, id, "latest_fork_usec") ?? 0) / 1_000;
        const delays = (facts.troubles[id]?.delays ?? []).filter(
          ({ event, at_s, max_ms }) => event === "fork" && isRecent(facts, at_s) && max_ms >= facts.limits.slowMs,
        );
        if (forkMs < facts.limits.slowMs && delays.length === 0) return [];
        const huge = facts.hosts[host]?.huge_pages === "always";
        return [
          {
            severity: "warning" as const,
            confidence: "certain" as const,
            subjects: [id],
            message: `The last fork held ${id} up for ${Math.round(forkMs)} ms${huge ? ", and huge pages make every write behind it slow" : ""}`,
            evidence: [
              ...inInfo(facts, id, "latest_fork_usec", "used_memory_rss"),
              ...delays.map(({ event, max_ms, at_s }) =>
                seen(id, "LATENCY", `${event} took up to ${max_ms} ms`, rfc3339(at_s)),
              ),
              ...(huge ? [seen(host, "transparent_hugepage", "always")] : []),
              ...inLog(facts, id, /Transparent Huge Pages/i, 1),
            ],
            ...(huge ? { mend: { runbook: "init-os", inputs: {} } } : {}),
            next: ["smaller servers fork faster: redisha size; save on replicas only"],
          },
        ];
      }),
};

import { formatDuration, formatExactDuration } from "../../core/units.ts";
import { list } from "../../topology/words.ts";
import { seen, watching } from "../evidence.ts";
import type { Cause } from "../model.ts";

export const slowDetection: Cause = {
  id: "slow-detection",
  title: "Sentinels wait long before they hold a primary to be down",
  symptoms: ["no-failover"],
  why: "Nothing happens before down-after is over, and all the while nothing can be written.",
  how: "down-after-milliseconds and failover-timeout of every Sentinel, held against redisha.yaml.",
  diagnose: (facts) => {
    const { deployment, limits } = facts;
    const declared = deployment.sentinel?.downAfterMs;
    const slow = watching(facts).filter(({ down_after_ms }) => {
      if (down_after_ms === null) return false;
      // What redisha.yaml asks for is what somebody wanted.
      return down_after_ms > Math.max(declared ?? 0, declared === undefined ? limits.downAfterMs : 0);
    });
    if (slow.length === 0) return [];
    const wanted = declared ?? 5_000;
    const longest = Math.max(...slow.map(({ down_after_ms }) => down_after_ms ?? 0));
    return [
      {
        severity: "warning",
        confidence: "certain",
        subjects: slow.map(({ id }) => id),
        message: `${list(slow.map(({ id }) => id))} ${slow.length === 1 ? "waits" : "wait"} up to ${formatDuration(longest)} before a primary is held to be down${declared === undefined ? "" : `; redisha.yaml says ${formatDuration(declared)}`}`,
        evidence: slow.map(({ id, down_after_ms }) =>
          seen(id, "SENTINEL MASTER down-after-milliseconds", String(down_after_ms)),
        ),
        mend: { runbook: "restore-sentinel-settings", inputs: { down_after: formatExactDuration(wanted) } },
        next: [],
      },
    ];
  },
};

import { inInfo, inLog } from "../evidence.ts";
import type { Cause } from "../model.ts";

export const loading: Cause = {
  id: "loading",
  title: "A server is still loading its data",
  symptoms: ["no-connection", "writes-refused", "replica-behind"],
  why: "It was started a moment ago, or takes a full sync; until it has loaded all, everybody gets LOADING.",
  how: "loading of INFO, with its own estimate; why it was started in its log.",
  diagnose: (facts) =>
    facts.topology.nodes
      .filter((node) => node.loading)
      .map(({ id, loading_left_s, uptime_s }) => ({
        severity: "warning" as const,
        confidence: "certain" as const,
        subjects: [id],
        message: `${id} is loading its data${loading_left_s === null ? "" : `, ${loading_left_s} s are left by its own estimate`}`,
        evidence: [
          ...inInfo(facts, id, "loading_loaded_perc", "loading_total_bytes", "loading_eta_seconds"),
          ...inLog(
            facts,
            id,
            /crashed|Received SIG|Server initialized|Loading RDB|MASTER <-> REPLICA sync: (Flushing|Loading)/i,
          ),
        ],
        next: [
          "wait: redisha status --watch",
          ...(uptime_s !== null && uptime_s < 600 ? ["look why it was started: systemctl status, and its log"] : []),
        ],
      })),
};

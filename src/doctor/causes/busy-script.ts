import { seen } from "../evidence.ts";
import type { Cause } from "../model.ts";

const BUSY = /BUSY/;

export const busyScript: Cause = {
  id: "busy-script",
  title: "A script runs on and on, and everybody else gets BUSY",
  symptoms: ["slow", "no-connection", "replica-behind", "no-failover"],
  why: "A script is not interrupted by itself: behind busy-reply-threshold the server answers BUSY to all but SCRIPT KILL, FUNCTION KILL and SHUTDOWN NOSAVE.",
  how: "The answer to INFO.",
  diagnose: (facts) =>
    [...facts.topology.nodes]
      .filter(({ refused, reach, id }) => {
        const words = [
          ...refused.map(({ message, code }) => `${code} ${message}`),
          reach.message ?? "",
          reach.code ?? "",
        ];
        return [...words, ...Object.values(facts.servers[id]?.refused ?? {})].some((text) => BUSY.test(text));
      })
      .map(({ id, refused, reach }) => ({
        severity: "critical" as const,
        confidence: "certain" as const,
        subjects: [id],
        message: `${id} runs a script, and answers BUSY to everybody else`,
        evidence: [
          seen(id, "INFO", refused.find(({ message }) => BUSY.test(message))?.message ?? reach.message ?? "BUSY"),
        ],
        mend: { runbook: "end-script", inputs: { node: id } },
        next: [
          "a script that has written cannot be ended: only SHUTDOWN NOSAVE is left, which loses what it did; switch over first",
        ],
      })),
};

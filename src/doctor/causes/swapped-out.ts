import { formatBytes } from "../../core/units.ts";
import { seen } from "../evidence.ts";
import type { Cause } from "../model.ts";

/** A few pages that nobody needs are swapped out on any host. */
const WORTH_TELLING = 16 * 1024 ** 2;

export const swappedOut: Cause = {
  id: "swapped-out",
  title: "A server is in swap",
  symptoms: ["slow", "memory"],
  why: "A command that touches a page in swap waits for the disk, and all others wait for it.",
  how: "VmSwap of every server's process.",
  diagnose: (facts) =>
    Object.entries(facts.processes).flatMap(([id, { swapped }]) => {
      if (swapped === null || swapped < WORTH_TELLING) return [];
      return [
        {
          severity: "warning" as const,
          confidence: "certain" as const,
          subjects: [id],
          message: `${formatBytes(swapped)} of ${id} are in swap: commands wait for the disk`,
          evidence: [seen(id, "VmSwap", formatBytes(swapped))],
          mend: { runbook: "init-os", inputs: {} },
          next: ["lower maxmemory, or give the host more memory; a restart brings the server back out of swap"],
        },
      ];
    }),
};

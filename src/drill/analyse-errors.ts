import { tenths } from "./analyse-origin.ts";
import type { Recording } from "./recording.ts";
import type { DrillReport } from "./report-schema.ts";

/** What failed, by probe and kind of error, in the order in which each was first seen. */
export function errorsOf({ probes }: Recording, origin: number): DrillReport["errors"] {
  const found = new Map<string, DrillReport["errors"][number]>();
  for (const { name, attempts } of probes) {
    for (const { outcome, error = "UNKNOWN", ended } of attempts) {
      if (outcome === "acked") continue;
      const at = tenths(ended - origin);
      const key = JSON.stringify([name, error, outcome]);
      const entry = found.get(key) ?? { probe: name, error, outcome, count: 0, first_ms: at, last_ms: at };
      entry.count += 1;
      entry.first_ms = Math.min(entry.first_ms, at);
      entry.last_ms = Math.max(entry.last_ms, at);
      found.set(key, entry);
    }
  }
  return [...found.values()].sort((a, b) => a.first_ms - b.first_ms);
}

import { tenths } from "./analyse-origin.ts";
import { percentile } from "./percentile.ts";
import type { Recording } from "./recording.ts";
import type { DrillReport } from "./report-schema.ts";

/** How old the reads of each replica were since `since`. */
export function stalenessOf({ staleness }: Recording, since: number): DrillReport["staleness"] {
  const byNode = Map.groupBy(
    staleness.filter(({ at }) => at > since),
    ({ node }) => node,
  );
  return [...byNode]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([node, samples]) => {
      const behind = samples.map(({ behind_ms }) => behind_ms).sort((a, b) => a - b);
      return {
        node,
        samples: samples.length,
        median_ms: tenths(percentile(behind, 50)),
        p99_ms: tenths(percentile(behind, 99)),
        max_ms: tenths(percentile(behind, 100)),
        max_writes: samples.reduce((most, { behind_writes }) => Math.max(most, behind_writes), 0),
      };
    });
}

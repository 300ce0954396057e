import { describe, expect, it } from "vitest";
import { bringUpLab } from "../support/lab.ts";
import { redisha } from "../support/redisha.ts";

const MODES = ["hang", "crash", "partition", "partition_all", "switchover"];
const ENGINES = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];
const RUNS = 3;

interface Envelope {
  readonly result?: { readonly error: unknown; readonly outputs: { readonly figures: Record<string, number> } };
  readonly error?: unknown;
}

describe.each(["sentinel", "cluster"] as const)("failover-test with %s", (topology) => {
  it.each(MODES.flatMap((mode) => ENGINES.map((engine) => [mode, engine] as const)))(
    `%s on %s, ${RUNS} times: what was acknowledged is kept`,
    async (mode, engine) => {
      for (let n = 0; n < RUNS; n += 1) {
        await using lab = await bringUpLab({ topology, engine });
        const argv = ["failover-test", "--file", lab.file, "--yes", "--mode", mode, "--watch", "1s", "--json"];
        const { stdout } = await redisha(argv);
        const { result, error }: Envelope = JSON.parse(stdout);
        expect({ n, error: result ? result.error : error }).toEqual({ n, error: null });
        expect(result?.outputs.figures.refused_found).toBe(0);
        // Whoever still reaches a primary that is cut off from its peers writes what nobody keeps.
        if (mode !== "partition") expect(result?.outputs.figures.lost_writes).toBe(0);
      }
    },
  );
});

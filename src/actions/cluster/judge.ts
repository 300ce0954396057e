import { z } from "zod";
import { checkFindings } from "../../reshard/check-findings.ts";
import { judge } from "../../topology/judge.ts";
import { topologySchema, verdictSchema } from "../../topology/schema.ts";
import { DEFAULT_THRESHOLDS } from "../../topology/thresholds.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { outputsOf, perTarget } from "../outputs-of.ts";
import { busWaysSchema } from "./bus-ways.ts";
import { holdingsOf } from "./inspection.ts";

/** Says what is wrong with a cluster, from what all nodes said and hold. */
export const clusterJudge = defineAction({
  name: "cluster.judge",
  summary:
    "Judges a cluster by everything that was seen of it: the verdict of status, half-moved slots, stray keys, closed ways",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    inspected: z.record(z.string(), z.unknown()).describe("hosts of a step cluster.inspect"),
    ways: perTarget.describe("hosts of a step cluster.bus_ways"),
    lag_bytes: z.int().min(0).default(DEFAULT_THRESHOLDS.lag_bytes).describe("Bytes that a replica may be behind"),
    lag_time: durationSchema.default(10_000).describe("How long ago the primary may last have heard from a replica"),
  }),
  output: z.strictObject({ topology: topologySchema.describe("What was judged"), verdict: verdictSchema }),
  example: `- id: judge
  action: cluster.judge
  with: { inspected: "\${{ steps.inspect.hosts }}" }`,
  commands: () => [],
  async run({ inspected, ways, lag_bytes, lag_time }, context) {
    const found = checkFindings(
      holdingsOf(inspected),
      Object.values(outputsOf(ways, busWaysSchema)).flatMap((tried) => tried.ways),
    );
    const thresholds = {
      ...DEFAULT_THRESHOLDS,
      ...{ lag_bytes, lag_seconds: lag_time / 1_000, certificate_ms: context.deployment.certificateWarningMs },
    };
    const topology = await context.topology();
    // What status says of open slots is said better here, of each of them.
    const verdict = judge(topology, thresholds, (findings) => [
      ...findings.filter(({ id }) => id !== "slots_open" || found.length === 0),
      ...found,
    ]);
    return { outputs: { topology, verdict }, changed: false };
  },
});

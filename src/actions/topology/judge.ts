import { z } from "zod";
import { judge } from "../../topology/judge.ts";
import { verdictSchema } from "../../topology/schema.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

const percent = z.int().min(1).max(100);

/** Says what state the deployment is in, from what was observed in this run. */
export const topologyJudge = defineAction({
  name: "topology.judge",
  summary: "Judges what was observed: healthy, degraded, critical or unreachable, with every reason and its evidence",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    lag_bytes: z.int().min(0).describe("Bytes that a replica may be behind its primary"),
    lag_time: durationSchema.describe("How long ago the primary may last have heard from a replica"),
    memory_used_percent: percent.describe("Share of maxmemory that is worth a warning"),
    clients_used_percent: percent.describe("Share of maxclients that is worth a warning"),
  }),
  output: verdictSchema,
  example: `- id: judge
  action: topology.judge
  with: { lag_bytes: 10485760, lag_time: 10s, memory_used_percent: 90, clients_used_percent: 90 }`,
  commands: () => [],
  async run(input, context) {
    const verdict = judge(await context.topology(), {
      lag_bytes: input.lag_bytes,
      lag_seconds: input.lag_time / 1000,
      memory: input.memory_used_percent / 100,
      clients: input.clients_used_percent / 100,
      certificate_ms: context.deployment.certificateWarningMs,
    });
    return { outputs: verdict, changed: false };
  },
});

import { z } from "zod";
import { topologySchema, verdictSchema } from "../../topology/schema.ts";

/** What `redisha cluster check --json` answers: the deployment as it was seen, and the verdict. */
export const clusterCheckResultSchema = z.strictObject({ topology: topologySchema, verdict: verdictSchema });

export type ClusterCheckResult = z.infer<typeof clusterCheckResultSchema>;

/** Both among the outputs of the runbook cluster-check. */
export function checkResultIn(outputs: Readonly<Record<string, unknown>>): ClusterCheckResult {
  const { topology, verdict } = z.object({ topology: z.unknown(), verdict: verdictSchema }).parse(outputs);
  return { topology: topologySchema.parse(withAbsences(topology)), verdict };
}

/** What is absent in the model is null among the values of a run. */
function withAbsences(topology: unknown): unknown {
  const isAbsent = (name: string, value: unknown) => name === "certificate" && value === null;
  return JSON.parse(JSON.stringify(topology, (name, value: unknown) => (isAbsent(name, value) ? undefined : value)));
}

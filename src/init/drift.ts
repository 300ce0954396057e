import { z } from "zod";
import { comparisonSchema } from "./comparison-schema.ts";

const outputsSchema = z.object({
  primary: z.string().nullable(),
  why: z.string(),
  down: z.array(z.string()),
  packages: z.record(z.string(), z.array(z.string())),
  instances: z.record(z.string(), z.object({ outputs: comparisonSchema })),
});

/** What of a deployment is not as declared. */
export const driftSchema = z.strictObject({
  primary: z.string().nullable().describe("The instance that everything stands around; null for a Cluster"),
  why: z.string().describe("How it was found"),
  down: z.array(z.string()).describe("Instances that do not run"),
  packages: z.record(z.string(), z.array(z.string())).describe("Packages that are to be installed, by host"),
  instances: z
    .record(z.string(), comparisonSchema)
    .describe("What differs, by instance; those without a difference are left out"),
  differs: z.boolean(),
});
export type Drift = z.infer<typeof driftSchema>;

/** Reads the outputs of the runbook drift. */
export function driftOf(outputs: Readonly<Record<string, unknown>>): Drift {
  const { primary, why, down, packages, instances } = outputsSchema.parse(outputs);
  const missing = Object.fromEntries(Object.entries(packages).filter(([, names]) => names.length > 0));
  const differing = Object.fromEntries(
    Object.entries(instances).flatMap(([id, { outputs: each }]) => (each.differs ? [[id, each]] : [])),
  );
  const differs = down.length + Object.keys(missing).length + Object.keys(differing).length > 0;
  return { primary, why, down, packages: missing, instances: differing, differs };
}

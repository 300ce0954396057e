import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { restoreAdvice } from "../restore/render.ts";

const outputsSchema = z.object({
  from: z.array(z.string()),
  engine: z.string(),
  to: z.string(),
  backup: z.string(),
  lost: z.object({ since: z.string(), bytes: z.int().nullable() }),
});

/** The outputs of going back by a backup, as a person reads them. */
export function shownRollback({ outputs }: RunSummary): RunSummary["outputs"] {
  const read = outputsSchema.safeParse(outputs);
  if (!read.success) return outputs;
  const { from, engine, to, backup, lost } = read.data;
  const written = lost.bytes === null ? "every write" : `${formatBytes(lost.bytes)} of writes`;
  return { from: from.join(", "), to: `${engine} ${to}`, backup, lost: `${written} since ${lost.since}` };
}

/** What is left to do: what redisha.yaml has to say, and where the newer data lies. */
export function rollbackAdvice(summary: RunSummary): string[] {
  const read = outputsSchema.safeParse(summary.outputs);
  if (summary.status !== "done" || !read.success) return [];
  const { engine, to } = read.data;
  return [`write into redisha.yaml: engine: { name: ${engine}, version: "${to}", … }`, ...restoreAdvice(summary)];
}

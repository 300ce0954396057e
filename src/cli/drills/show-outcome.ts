import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import type { DrillReport } from "../../drill/report-schema.ts";
import { DRILL_FORMATS, drillText } from "../../report/drill/formats.ts";
import { showDrill } from "../../use-cases/drills.ts";
import { writeReport } from "../../use-cases/report-run.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import type { Theme } from "../output/theme.ts";
import { renderDrill } from "./render-show.ts";

interface Look {
  readonly theme: Theme;
  readonly width: number;
  /** Folder that the report is written to as well. */
  readonly report: string | undefined;
}

/** What the drill of a run found, for the terminal, and kept where that is wanted. Nothing where the run did not come so far. */
export async function showOutcome(summary: RunSummary, look: Look): Promise<{ text: string; notes: string[] }> {
  const found = await findReport(summary);
  if (!found) return { text: "", notes: [] };
  const { report, directory } = found;
  const notes = [`kept in ${directory}`];
  if (look.report !== undefined) notes.push(`written to ${(await keepIn(look.report, report)).join(", ")}`);
  return { text: renderDrill(report, look), notes };
}

async function findReport({ run, deployment }: RunSummary) {
  try {
    return await showDrill(run, process.env, { deployment });
  } catch (error) {
    if (error instanceof RedishaError && error.code === "DRILL_NOT_FOUND") return undefined;
    throw error;
  }
}

/** One file of each form, named by the run. */
async function keepIn(folder: string, report: DrillReport): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const texts = [
    ["json", `${JSON.stringify(report, null, 2)}\n`] as const,
    ...DRILL_FORMATS.map((format) => [format, drillText(report, format)] as const),
  ];
  const paths: string[] = [];
  for (const [format, text] of texts) {
    const path = join(folder, `${report.run}.${format}`);
    await writeReport(path, text);
    paths.push(path);
  }
  return paths;
}

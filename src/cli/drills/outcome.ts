import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import type { PastDrill } from "../../drill/history.ts";
import type { DrillReport } from "../../drill/report-schema.ts";
import { DRILL_FORMATS, drillText } from "../../report/drill/formats.ts";
import { showDrill } from "../../use-cases/drills.ts";
import { writeReport } from "../../use-cases/report-run.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";

/** What the drill of a run found; nothing where the run did not come so far. */
export async function findOutcome({ run, deployment }: RunSummary): Promise<PastDrill | undefined> {
  try {
    return await showDrill(run, process.env, { deployment });
  } catch (error) {
    if (error instanceof RedishaError && error.code === "DRILL_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Writes a report into a folder as well, one file of each form, named by the run. Gives their paths. */
export async function keepIn(folder: string, report: DrillReport): Promise<string[]> {
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

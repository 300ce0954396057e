import { rename, rm, writeFile } from "node:fs/promises";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { htmlReport } from "../report/html.ts";
import { markdownReport } from "../report/markdown.ts";
import { tellRun } from "../report/tell.ts";
import { showRun } from "./runs.ts";

export const REPORT_FORMATS = ["md", "html"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

const WRITERS = { md: markdownReport, html: htmlReport };

/** The report of a run, as text. Fails as `showRun` does. */
export async function reportRun(
  wanted: string,
  format: ReportFormat,
  env: NodeJS.ProcessEnv,
): Promise<{ run: string; text: string }> {
  const story = tellRun(await showRun(wanted, env));
  return { run: story.run, text: WRITERS[format](story) };
}

/** Writes it whole or not at all, readable by its owner alone. Fails with REPORT_UNWRITABLE. */
export async function writeReport(path: string, text: string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, text, { mode: 0o600 });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw new RedishaError({
      code: "REPORT_UNWRITABLE",
      message: `The report cannot be written to ${path}: ${messageOf(error)}`,
      exit: EXIT.usage,
      state: "the run and its journal are as they were",
      cause: error,
    });
  }
}

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { inWords, whyUnwritable } from "../core/files.ts";
import { stateDir } from "../core/state-dir.ts";
import type { Recording } from "./recording.ts";
import type { DrillReport } from "./report-schema.ts";

/** Files of a drill, below `drills/<deployment>/<run>/` of the state directory. */
const REPORT = "report.json";
const RECORDING = "recording.json.gz";

/** A drill in the history. */
export interface PastDrill {
  readonly directory: string;
  readonly report: DrillReport;
}

/** A folder that is no drill, or a damaged one. */
export interface SkippedDrill {
  readonly path: string;
  readonly why: string;
}

export interface DrillHistory {
  /** The newest first. */
  readonly drills: readonly PastDrill[];
  readonly skipped: readonly SkippedDrill[];
}

/** Where drills are kept, for good: nothing deletes them. */
export function drillsDirectory(env: NodeJS.ProcessEnv): string {
  return join(stateDir(env), "drills");
}

/**
 * Keeps a drill: the recording first, the report last, so that a folder with a report is whole. Readable by its owner alone.
 * Gives the folder. Fails with DRILL_UNWRITABLE.
 */
export async function keepDrillReport(
  report: DrillReport,
  recording: Recording,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const directory = join(drillsDirectory(env), report.deployment, report.run);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await write(join(directory, RECORDING), Readable.from(jsonOf(recording)).pipe(createGzip()));
    await write(join(directory, REPORT), `${JSON.stringify(report)}\n`);
    return directory;
  } catch (error) {
    throw new RedishaError({
      code: "DRILL_UNWRITABLE",
      message: `The drill cannot be kept in ${directory}: ${whyUnwritable(directory, error)}`,
      exit: EXIT.failedSafe,
      state: "the drill itself went on; its figures are lost with this run",
      next: ["make room, or choose another state directory with REDISHA_STATE_DIR"],
      cause: error,
    });
  }
}

/** Attempts that are put into one piece of text. */
const PIECE = 5_000;

/** The recording as JSON, in pieces: that of a long drill with many clients is longer than a string may be. */
function* jsonOf({ probes, ...rest }: Recording): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"probes":[`;
  for (const [index, { attempts, ...probe }] of probes.entries()) {
    yield `${index > 0 ? "," : ""}${JSON.stringify(probe).slice(0, -1)},"attempts":[`;
    for (let from = 0; from < attempts.length; from += PIECE) {
      const piece = JSON.stringify(attempts.slice(from, from + PIECE)).slice(1, -1);
      yield `${from > 0 ? "," : ""}${piece}`;
    }
    yield "]}";
  }
  yield "]}";
}

async function write(path: string, content: string | AsyncIterable<Uint8Array>): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, content, { mode: 0o600, flush: true });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** All drills that were kept, of one deployment or of every one. What cannot be read is left out, and said. */
export async function readDrills(env: NodeJS.ProcessEnv, deployment?: string): Promise<DrillHistory> {
  const root = drillsDirectory(env);
  const drills: PastDrill[] = [];
  const skipped: SkippedDrill[] = [];
  for (const name of deployment === undefined ? await entries(root) : [deployment]) {
    for (const run of await entries(join(root, name))) {
      const directory = join(root, name, run);
      const report = await readReport(directory, { deployment: name, run });
      if (typeof report === "string") skipped.push({ path: directory, why: report });
      else drills.push({ directory, report });
    }
  }
  drills.sort((a, b) => (a.report.started_at < b.report.started_at ? 1 : -1));
  return { drills, skipped };
}

/** The drill of a run; undefined where none was kept, or none that can be read. */
export async function findDrill(
  deployment: string,
  run: string,
  env: NodeJS.ProcessEnv,
): Promise<PastDrill | undefined> {
  const directory = join(drillsDirectory(env), deployment, run);
  const report = await readReport(directory, { deployment, run });
  return typeof report === "string" ? undefined : { directory, report };
}

/** The report of a folder, or why there is none. */
async function readReport(
  directory: string,
  where: { deployment: string; run: string },
): Promise<DrillReport | string> {
  let text: string;
  try {
    text = await readFile(join(directory, REPORT), "utf8");
  } catch (error) {
    return `no ${REPORT}: ${inWords(error)}`;
  }
  try {
    const { drillReportSchema } = await import("./report-schema.ts");
    const parsed = drillReportSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return `${REPORT} is not one that this redisha reads: ${placeOf(parsed.error.issues)}`;
    const { deployment, run } = parsed.data;
    if (deployment === where.deployment && run === where.run) return parsed.data;
    return `${REPORT} is of run ${run} on ${deployment}, it does not belong here`;
  } catch (error) {
    return `${REPORT} is damaged: ${messageOf(error)}`;
  }
}

function placeOf(issues: readonly { readonly path: PropertyKey[]; readonly message: string }[]): string {
  const [issue] = issues;
  return issue ? `${issue.path.map(String).join(".")}: ${issue.message}` : "?";
}

/** Names in a folder; none where there is no such folder. */
async function entries(directory: string): Promise<string[]> {
  const found = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

import { ownVersion } from "../core/own-version.ts";
import { readDrills, type SkippedDrill } from "../drill/history.ts";
import { renderDrillMetrics } from "../drill/metrics.ts";
import { chooseDrill, wentWell } from "../drill/past.ts";
import type { DrillReport } from "../drill/report-schema.ts";
import { replaceText } from "./backup/textfile.ts";

/** Which drills are wanted; all of them without. */
export interface DrillFilter {
  readonly deployment?: string | undefined;
  readonly mode?: string | undefined;
  /** At most this many, the newest. */
  readonly limit?: number | undefined;
}

/** A drill at a glance. */
export interface DrillRecord {
  readonly run: string;
  readonly deployment: string;
  readonly mode: string;
  readonly started_at: string;
  readonly verdict: DrillReport["verdict"]["state"];
  readonly good: boolean;
  readonly write_outage_ms: number | null;
  readonly read_outage_ms: number | null;
  readonly lost_writes: number | null;
  readonly lost_writes_any: number | null;
  readonly redundant_ms: number | null;
}

interface Listed {
  readonly drills: readonly DrillRecord[];
  /** There are older ones than the limit lets through. */
  readonly more: boolean;
  /** What is no drill, or a damaged one. */
  readonly skipped: readonly SkippedDrill[];
}

/** Drills that were kept, the newest first. */
export async function listDrills(env: NodeJS.ProcessEnv, filter: DrillFilter = {}): Promise<Listed> {
  const { reports, more, skipped } = await wantedDrills(env, filter);
  return { drills: reports.map(recordOf), more, skipped };
}

/** Writes the newest drill of each deployment down for Prometheus, and when the last one went well. Fails with TEXTFILE_NOT_WRITTEN. */
export async function writeDrillMetrics(
  textfile: string,
  env: NodeJS.ProcessEnv,
  { deployment, mode }: DrillFilter,
): Promise<void> {
  const { drills } = await listDrills(env, { deployment, mode });
  await replaceText(textfile, renderDrillMetrics(drills, ownVersion()));
}

/** One drill in full, with the folder it is kept in. Fails with DRILL_NOT_FOUND. */
export async function showDrill(
  wanted: string,
  env: NodeJS.ProcessEnv,
  { deployment }: DrillFilter = {},
): Promise<{ report: DrillReport; directory: string; skipped: readonly SkippedDrill[] }> {
  const { drills, skipped } = await readDrills(env, deployment);
  return { ...chooseDrill(drills, wanted, env), skipped };
}

/** The drills named, or the newest ones, in full, the oldest first. Fails with DRILL_NOT_FOUND. */
export async function compareDrills(
  wanted: readonly string[],
  env: NodeJS.ProcessEnv,
  filter: DrillFilter = {},
): Promise<{ reports: readonly DrillReport[]; more: boolean; skipped: readonly SkippedDrill[] }> {
  if (wanted.length === 0) {
    const found = await wantedDrills(env, filter);
    // An empty history is answered as a name that does not exist.
    if (found.reports.length === 0) chooseDrill([], "last", env);
    return { ...found, reports: found.reports.toReversed() };
  }
  const { drills, skipped } = await readDrills(env, filter.deployment);
  const chosen = new Set(wanted.map((each) => chooseDrill(drills, each, env).report));
  const reports = [...chosen].sort((a, b) => (a.started_at < b.started_at ? -1 : 1));
  return { reports, more: false, skipped };
}

async function wantedDrills(env: NodeJS.ProcessEnv, { deployment, mode, limit }: DrillFilter) {
  const { drills, skipped } = await readDrills(env, deployment);
  const found = drills.map(({ report }) => report).filter((report) => mode === undefined || report.mode === mode);
  return { reports: found.slice(0, limit), more: limit !== undefined && found.length > limit, skipped };
}

function recordOf(report: DrillReport): DrillRecord {
  const { run, deployment, mode, started_at, verdict, figures } = report;
  const { write_outage_ms, read_outage_ms, lost_writes, lost_writes_any, redundant_ms } = figures;
  return {
    run,
    deployment,
    mode,
    started_at,
    verdict: verdict.state,
    good: wentWell(report),
    write_outage_ms,
    read_outage_ms,
    lost_writes,
    lost_writes_any,
    redundant_ms,
  };
}

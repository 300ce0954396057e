import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { drillsDirectory, type PastDrill, readDrills, type SkippedDrill } from "./history.ts";
import type { DrillReport } from "./report-schema.ts";

/** The drill meant: by its run's id, an unambiguous part of it, or `last`. Fails with DRILL_NOT_FOUND. */
export function chooseDrill(drills: readonly PastDrill[], wanted: string, env: NodeJS.ProcessEnv): PastDrill {
  const [newest] = drills;
  if (wanted === "last" && newest) return newest;
  const exact = drills.find(({ report }) => report.run === wanted);
  if (exact) return exact;
  const found = wanted === "" ? [] : drills.filter(({ report }) => report.run.includes(wanted));
  const [only] = found;
  if (only && found.length === 1) return only;
  const names = found.map(({ report }) => report.run);
  throw new RedishaError({
    code: "DRILL_NOT_FOUND",
    message:
      drills.length === 0
        ? `There are no drills in ${drillsDirectory(env)}.`
        : found.length > 1
          ? `${wanted} could be ${names.slice(0, 5).join(" or ")}${found.length > 5 ? " or others" : ""}.`
          : `There is no drill ${wanted}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: drills.length === 0 ? ["make one: redisha failover-test"] : ["redisha drills list"],
  });
}

/** The drill that last went well, for preflight. */
export interface GoodDrill {
  readonly run: string;
  readonly mode: string;
  readonly at: string;
  readonly write_outage_ms: number | null;
  readonly lost_writes: number | null;
}

/**
 * The newest drill of a deployment that went well, and what was not readable on the way; undefined where there is none.
 * `mode` asks for one kind of drill.
 */
export async function lastGoodDrill(
  deployment: string,
  env: NodeJS.ProcessEnv,
  { mode }: { mode?: string } = {},
): Promise<{ drill: GoodDrill | undefined; skipped: readonly SkippedDrill[] }> {
  const { drills, skipped } = await readDrills(env, deployment);
  const good = drills.find(({ report }) => (mode === undefined || report.mode === mode) && wentWell(report))?.report;
  if (!good) return { drill: undefined, skipped };
  const { run, mode: its, started_at: at, figures } = good;
  const { write_outage_ms, lost_writes } = figures;
  return { drill: { run, mode: its, at, write_outage_ms, lost_writes }, skipped };
}

/** Something was tried; it was within the budget, or without one nothing was lost and clients came back. */
export function wentWell({ mode, verdict, figures }: DrillReport): boolean {
  if (mode === "none") return false;
  if (verdict.state === "within") return true;
  return verdict.state === "no_budget" && figures.lost_writes === 0 && !figures.write_outage_open;
}

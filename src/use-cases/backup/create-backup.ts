import { z } from "zod";
import { deploymentIn, renderBackupMetrics } from "../../backup/metrics.ts";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { ownVersion } from "../../core/own-version.ts";
import type { EventSink } from "../../engine/events.ts";
import type { Plan } from "../../engine/plan.ts";
import { planRunbook } from "../plan-runbook.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../run-runbook.ts";
import { replaceText, textOf } from "./textfile.ts";

/** What the runbook says of the backup that it made. */
const madeSchema = z.object({
  backup: z.object({
    id: z.string(),
    bytes_raw: z.int(),
    bytes_stored: z.int(),
    keys: z.int().nullable(),
    pause_ms: z.number().nullable(),
    skew_ms: z.number().nullable(),
    from_primary: z.boolean(),
  }),
});

/** Waits for a time that chance decides, so that not all machines begin at once; then makes a backup. */
export async function createBackup(request: RunRequest, { jitterMs }: { jitterMs: number }): Promise<RunSummary> {
  if (jitterMs > 0) await sleep(Math.random() * jitterMs, AbortSignal.any([request.signal, request.pause]));
  return withoutWayBack(await runRunbook(request));
}

/** What fails takes everything away again by itself: there is nothing to go on with, or to go back from. */
function withoutWayBack(summary: RunSummary): RunSummary {
  const { status, error } = summary;
  if (status !== "failed" || !error) return summary;
  const next = error.next.filter((line) => !/redisha runs (resume|rollback) /.test(line));
  const state = error.state?.replace(/;? ?changed so far: .*$/s, "");
  return { ...summary, error: { ...error, ...(state === undefined ? {} : { state }), next } };
}

/** What a backup would do, and what speaks for and against each node as its source. Changes nothing. */
export async function planBackup(request: RunRequest): Promise<{ plan: Plan; sources: readonly string[] }> {
  const sources: string[] = [];
  const sink: EventSink = (event) => {
    if (event.type === "op_progress" && event.step === "choose") sources.push(event.message);
    request.sink(event);
  };
  return { plan: await planRunbook({ ...request, sink }), sources };
}

/**
 * Does `work` and writes down for Prometheus how it ended, whichever way: where the inventory cannot be read or another
 * run holds the lock, too. A textfile that cannot be written fails a backup that succeeded with exit code 3.
 */
export async function withTextfile(
  { textfile, deployment }: { readonly textfile: string | undefined; readonly deployment: () => string },
  work: () => Promise<RunSummary>,
): Promise<RunSummary> {
  if (textfile === undefined) return work();
  const started = performance.now();
  const write = async (exit: ExitCode, summary?: RunSummary) => {
    const made = madeSchema.safeParse(summary?.outputs);
    const backup = made.success ? madeOf(made.data.backup) : undefined;
    const before = await textOf(textfile);
    const attempt = {
      // Where redisha.yaml cannot be read, the series of the deployment that was meant goes on.
      deployment: deployment() || deploymentIn(before),
      redishaVersion: ownVersion(),
      finishedMs: Date.now(),
      durationMs: performance.now() - started,
      exit,
      ...(backup ? { backup } : {}),
    };
    await replaceText(textfile, renderBackupMetrics(attempt, before));
  };
  let summary: RunSummary;
  try {
    summary = await work();
  } catch (error) {
    // The failure itself is what is to be told.
    await write(error instanceof RedishaError ? error.exit : EXIT.failedSafe).catch(() => undefined);
    throw error;
  }
  await write(summary.exit, summary);
  return summary;
}

function madeOf({
  bytes_raw,
  bytes_stored,
  keys,
  pause_ms,
  skew_ms,
  from_primary,
}: z.infer<typeof madeSchema>["backup"]) {
  return {
    rawBytes: bytes_raw,
    storedBytes: bytes_stored,
    keys,
    pauseMs: pause_ms,
    skewMs: skew_ms,
    fromPrimary: from_primary,
  };
}

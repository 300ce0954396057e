import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { parseDuration } from "../core/units.ts";
import type { Step, Template } from "../runbook/model.ts";
import { batchesOf } from "./batches.ts";
import type { OpTarget } from "./evaluator.ts";
import type { OpFacts } from "./facts.ts";

interface RollingOut {
  readonly signal: AbortSignal;
  work(op: OpTarget): Promise<OpFacts>;
  /** Throws where the run is to stop before the next batch. */
  refuseWhenStopped(): void;
  pauseText(template: Template): Promise<unknown>;
}

/**
 * Works on the targets batch by batch, and adds to `ops` how each ended. Stops when more failed than may, over the whole
 * rollout. All of a batch are waited for, also when one of them stops the run.
 */
export async function rollOut(
  step: Step,
  targets: readonly OpTarget[],
  ops: Map<string, OpFacts>,
  rolling: RollingOut,
): Promise<void> {
  const batches = batchesOf(targets, step.rollout);
  for (const [index, batch] of batches.entries()) {
    const ends = await Promise.allSettled(batch.map(async (op) => ops.set(op.id, await rolling.work(op))));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    const failures = [...ops.values()].filter(({ error }) => error !== undefined).length;
    if (failures > step.rollout.maxFailures || rolling.signal.aborted || index === batches.length - 1) return;
    rolling.refuseWhenStopped();
    await sleep(await pauseBetween(step, rolling), rolling.signal);
  }
}

async function pauseBetween({ id, rollout }: Step, rolling: RollingOut): Promise<number> {
  if (!rollout.pauseBetween) return rollout.pauseBetweenMs;
  const text = await rolling.pauseText(rollout.pauseBetween);
  const ms = parseDuration(String(text));
  if (ms !== undefined) return ms;
  throw new RedishaError({
    code: "RUNBOOK_WITH",
    message: `Step ${id}: pause_between is ${String(text)}, which is no duration such as 30s.`,
    exit: EXIT.usage,
    position: rollout.pauseBetween.position,
  });
}

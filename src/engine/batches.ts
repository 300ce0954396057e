import type { Rollout } from "../runbook/model.ts";

/**
 * Splits targets into the batches of a rollout. The last batch size repeats until all targets are used; a share is of
 * all targets, rounded up, so that "30%" of three is one and never none.
 */
export function batchesOf<T>(targets: readonly T[], rollout: Rollout): T[][] {
  const batches: T[][] = [];
  let next = 0;
  for (let i = 0; next < targets.length; i += 1) {
    const size = sizeOf(rollout.batches[Math.min(i, rollout.batches.length - 1)] ?? "all", targets.length);
    batches.push(targets.slice(next, next + size));
    next += size;
  }
  return batches;
}

function sizeOf(batch: Rollout["batches"][number], total: number): number {
  if (batch === "all") return total;
  if (typeof batch === "number") return Math.max(1, batch);
  return Math.max(1, Math.ceil((total * batch.percent) / 100));
}

import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, RedishaError } from "../core/errors.ts";

const READY_TIMEOUT_MS = 60_000;

/** Looks until `missing` finds nothing missing any more. Fails with LAB_NOT_READY, naming what still was. */
export async function waitForNothingMissing(
  missing: () => Promise<string | undefined>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const lacking = await missing().catch((error: unknown) => messageOf(error));
    if (lacking === undefined) return;
    if (Date.now() > deadline) {
      throw new RedishaError({
        code: "LAB_NOT_READY",
        message: `after ${READY_TIMEOUT_MS / 1_000} seconds still not ready: ${lacking}`,
      });
    }
    await sleep(25, undefined, signal ? { signal } : {});
  }
}

import type { ActionContext } from "../contract.ts";
import type { Service } from "../service/descriptor.ts";
import { serviceStop } from "../service/stop.ts";

/** One that was started meanwhile may have all of its data to save; what stops it takes as long, with what it does then. */
const WITHIN_MS = 600_000;
export const KEEP_STOPPED_MS = WITHIN_MS + 60_000;

/**
 * A server that was stopped may run again: its host was booted meanwhile, or its unit starts what ends at once for ever.
 * Whoever changes its files makes sure first that nobody reads, or writes, the half of them.
 */
export async function keepStopped(service: Service, context: ActionContext): Promise<void> {
  await serviceStop.run({ service, within: WITHIN_MS }, context);
}

import { decideAll, type Wanted } from "../actions/upgrade/decide.ts";
import type { Session } from "./session.ts";

/** Fails, as the first step of the run would, where the release may not follow what runs: before anybody is asked anything. */
export async function refuseRelease({ live }: Session, wanted: Wanted, signal: AbortSignal): Promise<void> {
  decideAll(await live.topology(signal), wanted);
}

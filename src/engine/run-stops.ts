import { describeError } from "./describe-error.ts";
import type { EventError } from "./events.ts";
import type { OpFacts } from "./facts.ts";

/** What only a person, or a resume that looks at the hosts again, gets past. */
export const PAUSING: readonly string[] = ["OP_IN_DOUBT", "DEADMAN_FIRED", "DEADMAN_GONE"];

/** Thrown when a step that may not fail did; carries what went wrong first. */
export class StepFailed extends Error {
  readonly facts: EventError;

  constructor(facts: EventError) {
    super(facts.message);
    this.facts = facts;
  }
}

/** Thrown when the run is to stop as it is: no cleaning up, since it goes on later from here. */
export class RunPaused extends Error {
  readonly facts: EventError;
  /** The path of the step that has failed, with all that was there for the case that it does. */
  readonly step: string | undefined;

  constructor(facts: EventError, step?: string) {
    super(facts.message);
    this.facts = facts;
    this.step = step;
  }
}

/** Turns a container's end into facts: a step that failed inside it is its failure. */
export async function settled(
  work: () => Promise<{ changed: boolean; outputs: Record<string, unknown> }>,
): Promise<OpFacts> {
  try {
    const { changed, outputs } = await work();
    return { status: changed ? "changed" : "ok", changed, outputs };
  } catch (error) {
    if (error instanceof RunPaused) throw error;
    const facts = error instanceof StepFailed ? error.facts : describeError(error);
    return { status: "failed", changed: false, outputs: {}, error: facts };
  }
}

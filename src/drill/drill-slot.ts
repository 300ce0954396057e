import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type RunLife, RunSlot } from "../engine/run-life.ts";
import type { Drill } from "./drill.ts";

const slot = new RunSlot<Drill>();

/** Hands a drill to the run: later steps find it by `drillOf`, and it ends with the run at the latest. */
export function keepDrill(life: RunLife, drill: Drill): void {
  slot.put(life, drill);
  life.atEnd(() => drill.end());
}

/** The drill of the run, for what means something only in one. Fails with DRILL_GONE where this process has none. */
export function drillOf(life: RunLife): Drill {
  const drill = slot.of(life);
  if (drill) return drill;
  throw new RedishaError({
    code: "DRILL_GONE",
    message:
      "No drill is being measured in this process: either drill.start has not run, or the process that ran it is gone, and with it the probes and what they had recorded.",
    exit: EXIT.failedSafe,
    state: "nothing is measured; the keys of a drill expire by themselves",
    next: [
      `heal and tidy up what the run left: redisha runs rollback ${life.id}`,
      "see that all is well: redisha status",
      "then run the drill again from its start: what was not measured cannot be made up for",
    ],
  });
}

/** The drill of the run, for actions that are used without one too: they mark what they do where somebody measures. */
export function drillIn(life: RunLife): Drill | undefined {
  return slot.of(life);
}

import { type ErrorFacts, RedishaError } from "../../core/errors.ts";
import { formatBytes } from "../../core/units.ts";
import type { Window } from "../../restore/written-since.ts";
import { type RollbackStandby, saidOf } from "../../topology/rollback-standby.ts";

/** What was typed, and the backup that the upgrade made. */
interface Typed {
  readonly to: string;
  readonly directory: string | undefined;
  readonly backup: string;
}

/** The refusal of going back without loss, with what a backup from before would cost, and how it is done. */
export function withWindow(refusal: RedishaError, { to, directory, backup }: Typed, window: Window): RedishaError {
  const from = directory === undefined ? "" : ` --directory ${directory}`;
  const { since, bytes, announce } = window;
  const written = bytes === null ? "every write" : `${formatBytes(bytes)} of writes`;
  return new RedishaError({
    ...factsOf(refusal),
    state: `nothing was touched; going back by backup ${backup} would lose ${written} since ${since}`,
    next: [
      `look into it first: redisha restore --to-scratch ${backup}`,
      `agree to the loss: redisha rollback --to ${to}${from} --backup ${backup} --lose ${announce}`,
    ],
  });
}

/** The same refusal, with why the replica that was left for this is no way back. */
export function withStandby(refusal: RedishaError, standby: RollbackStandby | undefined): RedishaError {
  if (!standby) return refusal;
  const facts = factsOf(refusal);
  const { id, up } = standby.node;
  const revive = up ? [] : [`have ${id} answer first: redisha run revive-standby --input node=${id}`];
  const message = `${facts.message} ${saidOf(standby)}.`;
  return new RedishaError({ ...facts, message, next: [...revive, ...(facts.next ?? [])] });
}

/** A server that an upgrade stopped is silent until that goes on: the refusal of going back meanwhile, with how it does. */
export function withUnfinished(error: unknown, run: string | undefined): unknown {
  if (run === undefined || !(error instanceof RedishaError) || error.code !== "UPGRADE_NODE_SILENT") return error;
  const goOn = `the upgrade that was broken off may have stopped it; go on with that first: redisha runs resume ${run}`;
  return new RedishaError({ ...factsOf(error), next: [goOn, ...error.next] });
}

function factsOf({ code, message, exit, host, state, next }: RedishaError): ErrorFacts {
  return {
    ...{ code, message, exit, next },
    ...(host === undefined ? {} : { host }),
    ...(state === undefined ? {} : { state }),
  };
}

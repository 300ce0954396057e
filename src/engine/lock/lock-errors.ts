import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import type { Host } from "../../inventory/model.ts";
import type { ControllerOwner } from "./controller-lock.ts";
import type { LockAnswer } from "./script-call.ts";

/** Another run has the lock on a host. */
export function heldOnHost(deployment: string, host: Host, owner: LockAnswer): RedishaError {
  const { run, user, controller, started, leftMs } = owner;
  return new RedishaError({
    code: "LOCK_HELD",
    message: `Run ${run} of ${user} on ${controller} has the lock on ${host.name} since ${started}; its lease ends in ${formatDuration(leftMs)} and is renewed while it runs.`,
    host: host.name,
    exit: EXIT.lockHeld,
    state: "nothing was changed; what was locked on other hosts was given back",
    next: next(deployment, run, controller),
  });
}

/** Another run on this machine has it. */
export function heldHere(deployment: string, { run, user, controller, pid, since }: ControllerOwner): RedishaError {
  return new RedishaError({
    code: "LOCK_HELD",
    message: `Run ${run} of ${user} on ${controller} (process ${pid}) works on ${deployment} since ${since}.`,
    exit: EXIT.lockHeld,
    state: "nothing was changed",
    next: next(deployment, run, controller),
  });
}

/** The lock is not ours any more. What was done until then stands in the journal. */
export function lockLost(deployment: string, run: string, why: string, host?: string): RedishaError {
  return new RedishaError({
    code: "LOCK_LOST",
    message: `Run ${run} does not have the lock of ${deployment} any more: ${why}.`,
    ...(host === undefined ? {} : { host }),
    exit: EXIT.paused,
    state: "no further command that disrupts was sent",
    next: [`redisha unlock -d ${deployment}`, `redisha runs show ${run}`, `redisha runs resume ${run}`],
  });
}

/** Too few hosts could be reached for the lock to exclude anybody. */
export function noMajority(deployment: string, locked: number, of: number, cause: unknown): RedishaError {
  const first = cause instanceof RedishaError ? cause : undefined;
  return new RedishaError({
    code: "LOCK_NO_MAJORITY",
    message: `Only ${locked} of ${of} hosts of ${deployment} could be locked, and two runs may not both start with the half that each can reach${first ? `: ${first.message}` : "."}`,
    ...(first?.host === undefined ? {} : { host: first.host }),
    exit: EXIT.cannotConnect,
    state: "nothing was changed; what was locked was given back",
    next: [...(first?.next ?? []), "--lock-minority, where those hosts are down and nobody else is at work"],
    cause,
  });
}

function next(deployment: string, run: string, controller: string): string[] {
  return [
    `redisha runs show ${run}, on ${controller}`,
    `where it was cut off, on ${controller}: redisha runs resume ${run}, or redisha runs rollback ${run}`,
    `redisha unlock -d ${deployment} shows every lock`,
    `only if that process is dead: redisha unlock -d ${deployment} --run ${run}`,
  ];
}

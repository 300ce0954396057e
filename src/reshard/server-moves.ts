import { sleep } from "../core/abort.ts";
import { all } from "./orders.ts";
import { redisTasks } from "./redis-tasks.ts";
import type { Told } from "./slot-flow.ts";
import type { JobState, SlotJobs } from "./slot-jobs.ts";
import { valkeyJobs } from "./valkey-jobs.ts";
import type { Pair } from "./window.ts";

/** Often, for what is left to do when it is done waits for it; a look costs the source some ten microseconds. */
const POLL_MS = 10;

/** Under heavy writes a job may fail every time (valkey#4545): after so many it is done key by key. */
const ATTEMPTS = 3;

/** Permissions do not come by themselves. */
const REFUSED = /NOPERM/;

/**
 * How two servers move slots by themselves: Valkey 9 and later, Redis 8.4 and later. Undefined where one of them cannot, and
 * where that cannot be told.
 */
export async function jobsOf(pair: Pair): Promise<SlotJobs | undefined> {
  const { source, target, signal } = pair.handover;
  const ask = ["COMMAND", "INFO", "cluster|migrateslots", "cluster|migration"];
  const answers = await Promise.all(
    [source, target].map((node) => node.command(ask, { signal }).catch(() => undefined)),
  );
  const [valkey, redis] = [0, 1].map((at) =>
    answers.every((answer) => Array.isArray(answer) && Array.isArray(answer[at])),
  );
  return valkey ? valkeyJobs(pair) : redis ? redisTasks(pair) : undefined;
}

/**
 * Has two servers move slots as one of them sends a data set to a replica: all of them change hands at once, after one stop of
 * writes of about a tenth of a second. A job that an earlier process began is waited for. False where it did not come about:
 * then nothing has been moved.
 *
 * Where redisha is asked to stop the job is called off, and nothing has been moved either.
 */
export async function moveByServer(
  slots: readonly number[],
  { handover: { target, signal } }: Pair,
  jobs: SlotJobs,
  told: Told,
  onTrouble: (text: string) => void,
): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS && !told.stopAsked(); attempt += 1) {
    const begun = await jobs.begun();
    const ended = await endOf(begun ?? (await jobs.begin(slots)), jobs, told, signal);
    // What somebody else began may not be what is wanted now: that is looked at anew.
    if (begun !== undefined) return true;
    if (ended.state === "done") {
      const counts = await all(
        target,
        slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]),
        signal,
      );
      told.onKeys(counts.reduce<number>((sum, count) => sum + Number(count), 0));
      told.onSlots(slots);
      return true;
    }
    onTrouble(`the servers gave up moving slots by themselves (${ended.message}).`);
    if (REFUSED.test(ended.message)) return false;
  }
  return false;
}

/**
 * Calls off what servers are moving by themselves the other way: what an earlier process has begun would still give slots away
 * behind a rollback that found them where they were. True where there was such a job: then what is where must be looked at anew.
 */
export async function callOffReverse(pair: Pair): Promise<boolean> {
  const jobs = await jobsOf(pair);
  const begun = await jobs?.begun();
  if (!jobs || begun === undefined) return false;
  await jobs.cancel(begun);
  await endOf(begun, jobs, { stopAsked: () => false, onHeld: () => {} }, pair.handover.signal);
  return true;
}

/** Waits for the end of a job, and tells how long writes were held back for it at most: by when they were last seen not to be. */
async function endOf(
  job: string,
  jobs: SlotJobs,
  told: Pick<Told, "stopAsked" | "onHeld">,
  signal: AbortSignal,
): Promise<JobState> {
  let calledOff = false;
  let wasHeld = false;
  let free = performance.now();
  for (;;) {
    const looked = performance.now();
    const now = await jobs.look(job);
    if (wasHeld && !now.holds) told.onHeld(performance.now() - free);
    if (now.state !== "under_way" && !now.holds) {
      // A stop may begin and end between two looks.
      if (now.state === "done") told.onHeld(now.heldMs ?? performance.now() - free);
      if (now.state === "failed") await jobs.cancel(job);
      return now;
    }
    wasHeld = now.holds;
    if (!wasHeld) free = looked;
    if (told.stopAsked() && !calledOff) {
      calledOff = true;
      await jobs.cancel(job);
    }
    await sleep(POLL_MS, signal);
  }
}

import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";
import type { Told } from "./slot-flow.ts";
import { rangesOf } from "./slot-list.ts";
import { all, type Pair } from "./window.ts";

const POLL_MS = 50;

/** Under heavy writes a job may fail every time (valkey#4545): after so many it is done key by key. */
const ATTEMPTS = 3;

/** How a job may have ended. */
const ENDED = ["success", "failed", "cancelled"];

interface Job {
  readonly name: string;
  readonly operation: string;
  readonly target: string;
  readonly state: string;
  readonly message: string;
}

/** Whether both servers move slots by themselves: Valkey 9 and later. Where that cannot be told, they do not. */
export async function movesByItself({ handover: { source, target, signal } }: Pair): Promise<boolean> {
  const ask = ["COMMAND", "INFO", "cluster|migrateslots"];
  const answers = await Promise.all(
    [source, target].map((node) => node.command(ask, { signal }).catch(() => undefined)),
  );
  return answers.every((answer) => Array.isArray(answer) && Array.isArray(answer[0]));
}

/**
 * Has the source send slots to the target as it sends a data set to a replica: all of them change hands at once, after one stop
 * of writes of about a tenth of a second. A job that an earlier process began is waited for. False where it did not come about:
 * then nothing has been moved.
 *
 * Where redisha is asked to stop the job is called off, and nothing has been moved either.
 */
export async function moveByServer(
  slots: readonly number[],
  pair: Pair,
  told: Told,
  onTrouble: (text: string) => void,
) {
  const { source, target, signal } = pair.handover;
  for (let attempt = 1; attempt <= ATTEMPTS && !told.stopAsked(); attempt += 1) {
    const known = await jobsOf(source, signal);
    const begun = known.find((job) => job.operation === "EXPORT" && !ENDED.includes(job.state));
    const job = begun ?? (await begin(slots, pair, known));
    const ended = await endOf(job, source, told, signal);
    // What somebody else began may not be what is wanted now: that is looked at anew.
    if (begun) return true;
    if (ended?.state === "success") {
      const counts = await all(
        target,
        slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]),
        signal,
      );
      told.onKeys(counts.reduce<number>((sum, count) => sum + Number(count), 0));
      told.onSlots(slots);
      return true;
    }
    onTrouble(`the server gave up moving slots (${ended?.message || ended?.state || "no trace of it is left"}).`);
  }
  return false;
}

async function begin(slots: readonly number[], pair: Pair, known: readonly Job[]): Promise<Job | undefined> {
  const { source, signal } = pair.handover;
  const ranges = rangesOf(slots).flatMap((range) => range.map(String));
  await source.command(["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", ...ranges, "NODE", pair.targetId], { signal });
  const names = new Set(known.map(({ name }) => name));
  const jobs = await jobsOf(source, signal);
  return jobs.find((job) => job.operation === "EXPORT" && job.target === pair.targetId && !names.has(job.name));
}

async function endOf(
  job: Job | undefined,
  source: RedisConnection,
  told: Told,
  signal: AbortSignal,
): Promise<Job | undefined> {
  let calledOff = false;
  for (;;) {
    const now = (await jobsOf(source, signal)).find(({ name }) => name === job?.name);
    if (!now || ENDED.includes(now.state)) return now;
    if (told.stopAsked() && !calledOff) {
      calledOff = true;
      // It may have come to its end meanwhile.
      await source.command(["CLUSTER", "CANCELSLOTMIGRATIONS"], { signal }).catch(() => undefined);
    }
    await sleep(POLL_MS, signal);
  }
}

async function jobsOf(source: RedisConnection, signal: AbortSignal): Promise<Job[]> {
  const reply = await source.command(["CLUSTER", "GETSLOTMIGRATIONS"], { signal });
  return (Array.isArray(reply) ? reply : []).map((entry) => {
    const words = (Array.isArray(entry) ? entry : []).map(String);
    const field = (name: string) => words[words.indexOf(name) + 1] ?? "";
    return {
      name: field("name"),
      operation: field("operation"),
      target: field("target_node"),
      state: field("state"),
      message: field("message"),
    };
  });
}

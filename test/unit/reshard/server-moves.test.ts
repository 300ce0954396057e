import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { moveByServer } from "../../../src/reshard/server-moves.ts";
import type { JobState, SlotJobs } from "../../../src/reshard/slot-jobs.ts";
import type { Pair } from "../../../src/reshard/window.ts";

/** A job of which one look after the other finds this; the last one for ever. */
function jobOf(...looks: Pick<JobState, "state" | "holds">[]): SlotJobs {
  const states = looks[Symbol.iterator]();
  let now: JobState = { state: "under_way", holds: false, message: "", heldMs: undefined };
  return {
    begun: async () => undefined,
    begin: async () => "job",
    look: async () => {
      now = { ...now, ...(states.next().value ?? {}) };
      return now;
    },
    cancel: async () => {},
  };
}

/** How long writes were held back, as it is told. */
async function heldOf(jobs: SlotJobs): Promise<number> {
  const held: number[] = [0];
  const target = { pipeline: async (asks: unknown[]) => asks.map(() => 0) } as unknown as RedisConnection;
  const pair = { handover: { target, signal: new AbortController().signal } } as unknown as Pair;
  const told = { onKeys: () => {}, onSlots: () => {}, onHeld: (ms: number) => held.push(ms), stopAsked: () => false };
  const moved = moveByServer([1], pair, jobs, told, () => {});
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await moved).toBe(true);
  return Math.max(...held);
}

const [under, holds, done] = [
  { state: "under_way", holds: false },
  { state: "under_way", holds: true },
  { state: "done", holds: false },
] as const;

describe("slots that servers move by themselves", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  // One look each 10 ms.
  it("held writes back for no longer than since the last look, where nobody saw them do so", async () => {
    expect(await heldOf(jobOf(under, under, under, under, done))).toBe(10);
  });

  it("held writes back from when that was last not so", async () => {
    expect(await heldOf(jobOf(under, under, under, holds, holds, holds, under, done))).toBe(40);
  });
});

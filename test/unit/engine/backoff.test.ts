import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delayAfter, mayRetry } from "../../../src/engine/backoff.ts";
import type { Retry } from "../../../src/runbook/model.ts";

const retry = (part: Partial<Retry> = {}): Retry => ({
  attempts: 4,
  delayMs: 1_000,
  backoff: 2,
  maxDelayMs: 3_000,
  jitter: false,
  on: [],
  ...part,
});

describe("waiting between attempts", () => {
  it("grows by the backoff up to the longest delay", () => {
    expect([1, 2, 3].map((attempt) => delayAfter(attempt, retry(), () => 0))).toEqual([1_000, 2_000, 3_000]);
  });

  it("lets jitter take away at most half", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, chance) => {
          const full = delayAfter(attempt, retry(), () => 0);
          const jittered = delayAfter(attempt, retry({ jitter: true }), () => chance);
          expect(jittered).toBeLessThanOrEqual(full);
          expect(jittered).toBeGreaterThanOrEqual(Math.floor(full / 2));
        },
      ),
    );
  });
});

describe("what may be tried again", () => {
  it("is nothing once the attempts are used up", () => {
    expect(mayRetry("REDIS_TIMEOUT", 4, retry())).toBe(false);
  });

  it("is anything when no class of error is named", () => {
    expect(mayRetry("WHATEVER", 1, retry())).toBe(true);
  });

  it("is only what is named, by code or by Redis' own word", () => {
    const only = retry({ on: ["NOGOODSLAVE", "SSH_TIMEOUT"] });
    expect(mayRetry("REDIS_NOGOODSLAVE", 1, only)).toBe(true);
    expect(mayRetry("SSH_TIMEOUT", 1, only)).toBe(true);
    expect(mayRetry("REDIS_NOPERM", 1, only)).toBe(false);
  });

  it("counts every way of not reaching a server as connection, but not a wrong password", () => {
    const connection = retry({ on: ["connection"] });
    expect(["SSH_REFUSED", "REDIS_CLOSED", "REDIS_UNREACHABLE"].every((code) => mayRetry(code, 1, connection))).toBe(
      true,
    );
    expect(mayRetry("REDIS_WRONGPASS", 1, connection)).toBe(false);
  });
});

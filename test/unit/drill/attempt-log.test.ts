import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttemptLog, attemptsOf } from "../../../src/drill/attempt-log.ts";
import type { Attempt } from "../../../src/drill/recording.ts";

/** Attempts of one probe: each begins when the one before has ended. Whole numbers, since times are kept to a microsecond. */
const attempts: fc.Arbitrary<Attempt[]> = fc
  .array(
    fc.record({
      wait: fc.nat(50),
      took: fc.nat(300),
      node: fc.constantFrom(null, "r1:6379", "r2:6379"),
      outcome: fc.constantFrom("acked", "refused", "unknown"),
      error: fc.constantFrom(undefined, "READONLY", "TIMEOUT"),
    }),
    { maxLength: 300 },
  )
  .map((steps) => {
    let at = 0;
    return steps.map(({ wait, took, node, outcome, error }, seq) => {
      const sent = at + wait;
      at = sent + took;
      return { seq, sent, ended: at, node, outcome, ...(error === undefined ? {} : { error }) };
    });
  });

function logOf(all: readonly Attempt[]): AttemptLog {
  const log = new AttemptLog();
  for (const attempt of all) log.add(attempt);
  return log;
}

describe("the log of a probe", () => {
  test("gives back what was put in, after it has crossed to another thread too", () => {
    fc.assert(
      fc.property(attempts, (all) => {
        const log = logOf(all);
        expect(attemptsOf(structuredClone(log.columns()))).toEqual(all);
        expect(all.map((_, index) => log.at(index))).toEqual(all);
        expect(log.at(all.length)).toBeUndefined();
        expect(log.at(-1)).toBeUndefined();
      }),
    );
  });

  test("finds the first attempt that ended at a moment or later", () => {
    fc.assert(
      fc.property(attempts, fc.nat(20_000), (all, since) => {
        const index = all.findIndex(({ ended }) => ended >= since);
        expect(logOf(all).firstEndedAt(since)).toBe(index === -1 ? all.length : index);
      }),
    );
  });

  test("grows with what it holds", () => {
    const log = new AttemptLog();
    for (let seq = 0; seq < 20_000; seq += 1)
      log.add({ seq, sent: seq, ended: seq, node: "r1:6379", outcome: "acked" });
    expect(log.length).toBe(20_000);
    expect(log.at(19_999)).toMatchObject({ seq: 19_999, node: "r1:6379" });
  });
});

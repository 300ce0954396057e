import { expect, it } from "vitest";
import { readFacts } from "../../../src/actions/os/read-facts.ts";

const clockAt = (from: number, to: number) =>
  readFacts(`== now\n${from}\n== end\n${to}\n`, { from: 100_000, to: 105_000 }).clock;

it("a clock that is right is not taken to be off because its host took long to answer", () => {
  // Half a second there, four seconds of work, half a second back.
  expect(clockAt(100_500, 104_500)).toMatchObject({ ahead_ms: 0, give_or_take_ms: 500 });
});

it("a clock that is off is told, and how wrong that may be", () => {
  expect(clockAt(190_500, 194_500)).toMatchObject({ ahead_ms: 90_000, give_or_take_ms: 500 });
  // Nobody knows whether a question, or its answer, took five seconds.
  expect(clockAt(97_500, 97_500)).toMatchObject({ ahead_ms: -5_000, give_or_take_ms: 2_500 });
});

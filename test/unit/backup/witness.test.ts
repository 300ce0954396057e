import { describe, expect, it } from "vitest";
import { type Witness, wroteOnBetween } from "../../../src/use-cases/backup/follow/witness.ts";

const replica: Witness = {
  run: "a",
  role: "slave",
  replid: "b",
  offset: 1_000,
  backlogFrom: 1,
  configured: 3,
  settled: true,
  flushed: true,
};
const later: Witness = { ...replica, offset: 5_000 };
const primary: Witness = { ...replica, role: "master" };

describe("that a server wrote to its append-only file all the time", () => {
  it("is believed of the same process that was not configured or filled anew", () => {
    expect(wroteOnBetween(replica, later)).toBe(true);
    expect(wroteOnBetween(replica, { ...later, backlogFrom: 1_000 })).toBe(true);
    expect(wroteOnBetween(primary, { ...primary, offset: 5_000, backlogFrom: null })).toBe(true);
  });

  it.each<[string, Partial<Witness>, Partial<Witness>]>([
    ["was started again", {}, { run: "c" }],
    ["was configured meanwhile, which may have switched the file off and on", {}, { configured: 4 }],
    ["had its counters set back", { configured: null }, { configured: null }],
    ["was filled anew by its primary", {}, { backlogFrom: 4_000 }],
    ["was filled anew while nothing was written", {}, { offset: 1_000, backlogFrom: 1_001 }],
    ["is being filled", {}, { backlogFrom: null }],
    ["follows another history", {}, { replid: "c" }],
    ["was promoted", {}, { role: "master", replid: "c" }],
    ["had switched the file on, and not begun it yet", { settled: false }, {}],
    ["does not say which process it is", { run: null }, { run: null }],
    ["does not say how far it was", { offset: null }, {}],
  ])("is not believed of one that %s", (_what, before, after) => {
    expect(wroteOnBetween({ ...replica, ...before }, { ...later, ...after })).toBe(false);
  });
});

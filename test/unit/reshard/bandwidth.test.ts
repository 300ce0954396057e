import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bandwidth } from "../../../src/reshard/bandwidth.ts";

const signal = new AbortController().signal;

describe("the bandwidth of a move", () => {
  it("is shared by all movers, whose bytes wait for each other", async () => {
    const bandwidth = new Bandwidth(1_000_000);
    const began = performance.now();
    const mover = async () => {
      for (let call = 0; call < 5; call += 1) await bandwidth.take(20_000, signal);
    };
    await Promise.all([mover(), mover()]);
    // What came last has only begun: its own bytes are not waited for. Timers may be early by a part of a millisecond.
    expect(performance.now() - began).toBeGreaterThan(9 * 20 - 5);
  });

  it("does not let what was idle for a while catch up", async () => {
    const clock = { now: 0 };
    const bandwidth = new Bandwidth(1_000, () => clock.now);
    await bandwidth.take(1, signal);
    clock.now = 1_000_000;
    await bandwidth.take(100, signal);
    const began = performance.now();
    await bandwidth.take(1, signal);
    expect(performance.now() - began).toBeGreaterThan(95);
  });

  it("has as many slots open as go in about a second, by what was in those before", async () => {
    const bandwidth = new Bandwidth(10_000, () => 0);
    expect(bandwidth.slotsAtOnce(64)).toBe(8);
    await bandwidth.take(1_000, signal);
    bandwidth.emptied();
    expect(bandwidth.slotsAtOnce(64)).toBe(10);
    bandwidth.emptied();
    expect(bandwidth.slotsAtOnce(64)).toBe(20);
    for (let slot = 0; slot < 100; slot += 1) bandwidth.emptied();
    expect(bandwidth.slotsAtOnce(64)).toBe(64);
  });

  it("takes no more into one call than a tenth of a second carries, and one key at least", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { minLength: 1 }), fc.integer({ min: 1, max: 100_000 }), (sizes, rate) => {
        const count = new Bandwidth(rate).fitting(sizes);
        const sum = (keys: number) => sizes.slice(0, keys).reduce((all, size) => all + size, 0);
        expect(count).toBeGreaterThan(0);
        if (count > 1) expect(sum(count)).toBeLessThanOrEqual(rate / 10);
        if (count < sizes.length) expect(sum(count + 1)).toBeGreaterThan(rate / 10);
      }),
    );
  });
});

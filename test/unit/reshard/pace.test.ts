import { describe, expect, it } from "vitest";
import { Pace } from "../../../src/reshard/pace.ts";

/** Sends one call after the other to a server that takes so long for each key. */
async function sendAll(pace: Pace, clock: { now: number }, calls: number, msPerKey: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) {
    const { keys } = pace;
    const left = await pace.enter(keys);
    clock.now += keys * msPerKey;
    left(true);
  }
}

describe("the pace of a move", () => {
  it("comes to calls that keep the server busy for half of the limit at most", async () => {
    const clock = { now: 0 };
    const pace = new Pace(10, 0, () => clock.now);
    await sendAll(pace, clock, 20, 0.05);
    expect(pace.keys).toBeGreaterThan(80);
    expect(pace.keys * 0.05).toBeLessThanOrEqual(5);
  });

  it("goes down to single keys where keys are large, and leaves the server to its clients in between", async () => {
    const clock = { now: 0 };
    const pace = new Pace(10, 0, () => clock.now);
    await sendAll(pace, clock, 20, 40);
    expect(pace.keys).toBe(1);
    expect(pace.breatherMs()).toBeGreaterThanOrEqual(40);
  });

  it("finds its way back to large calls after a while in which every call was slow, whatever its keys", async () => {
    const clock = { now: 0 };
    const pace = new Pace(5, 0, () => clock.now);
    await sendAll(pace, clock, 20, 8);
    expect(pace.keys).toBe(1);
    for (let call = 0; call < 20; call += 1) {
      const left = await pace.enter(pace.keys);
      clock.now += 2 + pace.keys * 0.005;
      left(true);
    }
    expect(pace.keys).toBeGreaterThan(50);
  });

  it("takes a long way for no matter of the keys, and has fewer calls on it", async () => {
    const clock = { now: 0 };
    const pace = new Pace(4, 2.2, () => clock.now);
    for (let call = 0; call < 40; call += 1) {
      const { keys } = pace;
      const left = await pace.enter(keys);
      clock.now += 2.2 + keys * 0.01;
      left(true);
    }
    expect(pace.keys).toBeGreaterThan(60);
    await Promise.all([pace.enter(60), pace.enter(60)]);
    let third = false;
    pace.enter(60).then(() => {
      third = true;
    });
    await Promise.resolve();
    expect(third).toBe(false);
  });

  it("keeps to large calls where the way alone takes longer than the limit", async () => {
    const clock = { now: 0 };
    const pace = new Pace(1, 1.7, () => clock.now);
    for (let call = 0; call < 40; call += 1) {
      const left = await pace.enter(pace.keys);
      clock.now += 2.4 + pace.keys * 0.001;
      left(true);
    }
    expect(pace.keys).toBeGreaterThan(60);
    expect(pace.breatherMs()).toBe(0);
  });

  it("sends more at once where the long way is only its own, not that of the source", async () => {
    const clock = { now: 0 };
    const pace = new Pace(5, 60, () => clock.now);
    for (let call = 0; call < 20; call += 1) {
      const [first, second] = await Promise.all([pace.enter(60), pace.enter(60)]);
      clock.now += 30 + 0.5;
      first?.(true);
      clock.now += 0.5;
      second?.(true);
    }
    const leave = await Promise.all([pace.enter(60), pace.enter(60), pace.enter(60)]);
    expect(leave).toHaveLength(3);
  });

  it("has no more on its way than the limit allows", async () => {
    const clock = { now: 0 };
    const pace = new Pace(10, 0, () => clock.now);
    await sendAll(pace, clock, 20, 1);
    const leave = await Promise.all([pace.enter(4), pace.enter(4)]);
    let third = false;
    const waiting = pace.enter(4).then((left) => {
      third = true;
      left(true);
    });
    await Promise.resolve();
    expect(third).toBe(false);
    for (const left of leave) left(true);
    await waiting;
    expect(third).toBe(true);
  });
});

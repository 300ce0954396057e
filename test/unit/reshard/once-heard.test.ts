import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { tellOnceHeard } from "../../../src/reshard/once-heard.ts";

const TARGET = "b".repeat(40);
const HEIR = "c".repeat(40);
const signal = new AbortController().signal;

/** Slots that are on their way from a source. */
const MARKS = `[1->-${TARGET}] [2->-${TARGET}]`;

/** A node that hears of one more slot of a target each time it is asked, up to so many, and notes in what order it is asked and told. */
function nodeOf(
  version: string,
  hears: number,
  { follows = "", marks = MARKS } = {},
): { node: RedisConnection; asked: string[] } {
  const asked: string[] = [];
  let heard = 0;
  const nodes = () => {
    const own = follows
      ? `myself,slave ${follows} 0 0 1 connected`
      : `myself,master - 0 0 1 connected ${heard + 1}-9 ${marks}`;
    const target = `${TARGET} 127.0.0.1:2@12 master - 0 0 2 connected${heard > 0 ? ` 1-${heard}` : ""}`;
    heard = Math.min(heard + 1, hears);
    return `${"a".repeat(40)} 127.0.0.1:1@11 ${own}\n${target}\n`;
  };
  const answer = (order: string[]) => {
    if (order[0] === "INFO") return version;
    asked.push(order.slice(0, 4).join(" "));
    return order[1] === "NODES" ? nodes() : "OK";
  };
  const node = { pipeline: async (orders: string[][]) => orders.map(answer) };
  return { node: node as unknown as RedisConnection, asked };
}

async function tell(node: RedisConnection): Promise<void> {
  const told = tellOnceHeard([1, 2], TARGET, node, signal);
  await vi.advanceTimersByTimeAsync(5_000);
  await told;
}

const LOOK = "CLUSTER NODES";
const ORDERS = ["CLUSTER SETSLOT 1 NODE", "CLUSTER SETSLOT 2 NODE"];

describe("telling a node who has got slots", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    "redis_version:7.0.15",
    "redis_version:7.2.4\r\nvalkey_version:7.2.8",
    "redis_version:7.2.4\r\nvalkey_version:8.1.1",
  ])("waits until a %s has heard of all of them from who has got them", async (version) => {
    const { node, asked } = nodeOf(version, 2);
    await tell(node);
    expect(asked).toEqual([LOOK, LOOK, LOOK, ...ORDERS]);
  });

  it("tells who hears nothing for a second all the same", async () => {
    const { node, asked } = nodeOf("redis_version:7.0.15", 1);
    await tell(node);
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.slice(-3)).toEqual([LOOK, ...ORDERS]);
  });

  it("has nothing to tell who follows that one since it heard that its last slot is gone", async () => {
    const { node, asked } = nodeOf("redis_version:7.0.15", 2, { follows: TARGET });
    await tell(node);
    expect(asked).toEqual([LOOK]);
  });

  it("has nothing to tell who is at no end of the move and has heard of all of them", async () => {
    const { node, asked } = nodeOf("redis_version:7.0.15", 2, { marks: "" });
    await tell(node);
    expect(asked).toEqual([LOOK, LOOK, LOOK]);
  });

  it("tells who has handed over to its replica at once, for it refuses", async () => {
    const { node, asked } = nodeOf("redis_version:7.0.15", 0, { follows: HEIR });
    await tell(node);
    expect(asked).toEqual([LOOK, ...ORDERS]);
  });

  it.each(["redis_version:6.2.14", "redis_version:8.0.2"])(
    "tells a %s at once, which takes no note of who claims a slot no more, or takes it back",
    async (version) => {
      const { node, asked } = nodeOf(version, 2);
      await tell(node);
      expect(asked).toEqual(ORDERS);
    },
  );
});

import { describe, expect, it } from "vitest";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { lanesTo, over } from "../../../src/reshard/lanes.ts";

const { signal } = new AbortController();
const VALKEY = "redis_version:7.2.4\r\nvalkey_version:8.1.1";

/** A connection that notes what it was sent, and answers with `fails` what is for slot 3. */
function connection(info: string, fails?: Error): { lane: RedisConnection; sent: string[] } {
  const sent: string[] = [];
  const pipeline = async (orders: string[][]) => {
    if (orders[0]?.[0] === "INFO") return [info];
    sent.push(...orders.map((order) => order.join(" ")));
    return orders.map((order) => (fails && order[2] === "3" ? fails : "OK"));
  };
  return { lane: { instance: "r1:6379", pipeline } as unknown as RedisConnection, sent };
}

const orders = [1, 2, 3, 4, 5].map((slot) => ["CLUSTER", "SETSLOT", String(slot), "STABLE"]);

describe("what orders about slots go over", () => {
  it("is one connection to a Redis, and sixteen to a Valkey, which keeps each waiting for its replicas", async () => {
    const asked: unknown[] = [];
    const connect = async (instance: string, lane?: number) => {
      asked.push([instance, lane]);
      return connection(VALKEY).lane;
    };
    expect(await lanesTo(connection("redis_version:8.0.2").lane, { connect, signal })).toHaveLength(1);
    expect(asked).toEqual([]);
    const { lane } = connection(VALKEY);
    const lanes = await lanesTo(lane, { connect, signal });
    expect(lanes[0]).toBe(lane);
    expect(new Set(lanes).size).toBe(16);
    expect(asked).toEqual(Array.from({ length: 15 }, (_, at) => ["r1:6379", at + 1]));
  });

  it("is what there is of them, where the server takes no further connection", async () => {
    const connect = async (_instance: string, lane = 0) => {
      if (lane > 2) throw new Error("max number of clients reached");
      return connection(VALKEY).lane;
    };
    expect(await lanesTo(connection(VALKEY).lane, { connect, signal })).toHaveLength(3);
  });

  it("carries each order once", async () => {
    const [first, second] = [connection(VALKEY), connection(VALKEY)];
    await over([first.lane, second.lane], orders, signal);
    const slots = (sent: string[]) => sent.map((order) => order.split(" ")[2]);
    expect([slots(first.sent), slots(second.sent)]).toEqual([
      ["1", "3", "5"],
      ["2", "4"],
    ]);
  });

  it("fails with the order that failed, once all have been answered", async () => {
    const refused = new Error("ERR refused");
    const [first, second] = [connection(VALKEY, refused), connection(VALKEY)];
    await expect(over([first.lane, second.lane], orders, signal)).rejects.toBe(refused);
    expect(second.sent).toHaveLength(2);
  });
});

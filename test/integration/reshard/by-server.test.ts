import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { Mover, type Moving } from "../../../src/reshard/mover.ts";
import { SideBySide } from "../../../src/reshard/side-by-side.ts";
import { keysIn } from "../../support/half-moves.ts";
import { cli, type Server, Servers } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

const ENGINE = "valkey-9.1";

describe("servers that move slots by themselves", () => {
  const servers = new Servers();
  const nodes: Server[] = [];
  const connections = new Map<string, RedisConnection>();
  let ids: string[] = [];
  beforeAll(async () => {
    for (const _ of ["source", "target"])
      nodes.push(await servers.start({ engine: ENGINE, conf: ["cluster-enabled yes", "enable-debug-command yes"] }));
    const [source, target] = nodes;
    if (!source || !target) throw new Error("there are no two");
    await cli(source, ["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    await cli(source, ["CLUSTER", "MEET", target.address, String(target.port)]);
    for (const { id: instance, address, port } of nodes) {
      const limits = { connectTimeoutMs: 30_000, commandTimeoutMs: 30_000 };
      connections.set(instance, await connectRedis({ instance, address, port, ...limits }, { via: "direct" }));
    }
    ids = await Promise.all(nodes.map((node) => cli(node, ["CLUSTER", "MYID"])));
    await until(async () => (await cli(target, ["CLUSTER", "INFO"])).includes("cluster_state:ok"));
    for (const key of [1, 2, 3].flatMap((slot) => keysIn(slot, 100)))
      await connections.get(source.id)?.command(["SET", key, "v"]);
  });
  afterAll(async () => {
    for (const connection of connections.values()) connection.close();
    await servers.stopAll();
  });

  const troubles: string[] = [];
  const move = async (from: number, to: number, last: number) => {
    const moving: Omit<Moving, "allMoves"> = {
      connect: async (id) => {
        const connection = connections.get(id);
        if (!connection) throw new TypeError(id);
        return connection;
      },
      signal: AbortSignal.timeout(100_000),
      instances: nodes.map(({ id }) => id),
      shards: [],
      login: {},
      method: "auto",
      bandwidth: undefined,
      sideBySide: new SideBySide(),
      ...{ maxLatencyMs: 5, patienceMs: 60_000, migrateTimeoutMs: 5_000 },
      forgetFailures: () => {},
      stopAsked: () => false,
      onProgress: () => {},
      onTrouble: (text) => troubles.push(text),
    };
    const moves = [
      {
        from: nodes[from]?.id ?? "",
        to: nodes[to]?.id ?? "",
        slots: [[0, last] satisfies [number, number]],
        count: last + 1,
      },
    ];
    return new Mover(moves, { ...moving, allMoves: moves }).run();
  };
  const jobs = async (of: number) => {
    const lines = (await cli(nodes[of] as Server, ["CLUSTER", "GETSLOTMIGRATIONS"])).split("\n");
    return lines.filter((_, at) => lines[at - 1] === "state");
  };

  it("are told once, and how long they held writes back is said", async () => {
    const { slots, keys, longestMs } = await move(0, 1, 2);
    expect({ slots, keys, troubles }).toEqual({ slots: 3, keys: 200, troubles: [] });
    expect(longestMs).toBeGreaterThan(0);
    expect(await jobs(0)).toEqual(["success"]);
  });

  it("are told to stop what an earlier process had begun the other way", async () => {
    // It would go on for as long as nobody calls it off.
    await cli(nodes[0] as Server, ["DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", "1"]);
    await cli(nodes[0] as Server, ["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", "3", "3", "NODE", ids[1] ?? ""]);
    await move(1, 0, 3);
    expect(await jobs(0)).toContain("cancelled");
    expect(await cli(nodes[0] as Server, ["CLUSTER", "COUNTKEYSINSLOT", "3"])).toBe("100");
  });
});

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { Mover } from "../../../src/reshard/mover.ts";
import type { Move } from "../../../src/reshard/plan-moves.ts";
import { SideBySide } from "../../../src/reshard/side-by-side.ts";
import { startCounting } from "../../support/counting-writers.ts";
import { leaderOf as leading, open } from "../../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { amidst, connectTo, expectUnbarred, fillSlot, LARGE, leaderOf, serverOf } from "../../support/mid-move.ts";
import { redisha } from "../../support/redisha.ts";
import { complaints, reshard, startReshard } from "../../support/reshards.ts";
import { goOn } from "../../support/signalled.ts";
import { until } from "../../support/until.ts";

const TO = "r2:6379";

const SECOND = ["r2:6379", "r4:6379"];
const THIRD = ["r3:6379", "r5:6379"];

const isLeading = (lab: TestLab, id: string) => until(async () => (await lab.cli(id, "ROLE")).startsWith("master"));

const content = (lab: TestLab) => expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);

function startMove(lab: TestLab, slot: number, from: string): ChildProcess {
  return startReshard(lab, "--from", from, "--to", TO, "--slots", `${slot}-${slot}`, "--max-latency", "1ms");
}

/** Ends redisha and the source at the same moment, in mid-move; then the replica leads. */
async function endBoth(
  lab: TestLab,
  target: Redis,
  { slot, from, keys }: { slot: number; from: string; keys: number },
) {
  const heir = THIRD.find((id) => id !== from) ?? "";
  const child = startMove(lab, slot, from);
  const { pid } = serverOf(lab, from);
  await amidst(child, target, { slot, keys }, () => {
    child.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
  });
  await isLeading(lab, heir);
  return heir;
}

describe("replicas that a move has refuse writes", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
  });
  afterAll(() => lab.down());

  const nodes = () => lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);

  it("are no reason to fail where a server refuses CONFIG", async () => {
    for (const id of nodes()) await lab.cli(id, "ACL", "SETUSER", "default", "-config");
    const { code, stdout, stderr } = await reshard(
      lab,
      "--from",
      "r1:6379",
      "--to",
      TO,
      "--slots",
      "200-203",
      "--method",
      "keys",
    );
    for (const id of nodes()) await lab.cli(id, "ACL", "SETUSER", "default", "+@all");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout).result.warnings?.length ?? 0).toBeLessThan(10);
  });

  it("take writes again after a move that was asked to stop", async () => {
    const slot = 15_500;
    const from = await leaderOf(lab, THIRD);
    const target = await connectTo(lab, TO);
    await fillSlot(lab, slot, from);
    const child = startMove(lab, slot, from);
    await amidst(child, target, { slot, keys: 5 }, () => child.kill("SIGINT"));
    if (child.exitCode === null) await once(child, "exit");
    target.disconnect();
    await expectUnbarred(lab);
    await content(lab);
    await goOn(lab, "resume");
    await expectUnbarred(lab);
  });

  it("cost no acknowledged write where one took over, unheard by redisha, and the move is taken back", async () => {
    const slot = 14_700;
    const from = await leaderOf(lab, THIRD);
    const tag = await fillSlot(lab, slot, from);
    const counters = Array.from({ length: 200 }, (_, index) => `${tag}:a${index}`);
    const target = await connectTo(lab, TO);
    const writers = await startCounting(lab, counters);
    await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
    const heir = await endBoth(lab, target, { slot, from, keys: counters.length + 10 });
    target.disconnect();
    await until(async () => /errorstat_NOREPLICAS:count=\d{2}/.test(await lab.cli(heir, "INFO", "errorstats")));
    await lab.restart(from);
    const { code, stderr } = await goOn(lab, "rollback");
    const acknowledged = writers.counts.acknowledged;
    await expect.poll(() => writers.counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(acknowledged + 500);
    const { wrong } = await writers.stop();
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(wrong.length).toBe(0);
    await expectUnbarred(lab);
    await content(lab);
  });

  it("are named where one does not answer when the move has ended", async () => {
    const slot = 14_800;
    const from = await leaderOf(lab, THIRD);
    const replica = THIRD.find((id) => id !== from) ?? "";
    const target = await connectTo(lab, TO);
    await fillSlot(lab, slot, from);
    const child = startMove(lab, slot, from);
    let told = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      told += chunk.toString();
    });
    const ended = once(child, "close");
    try {
      await amidst(child, target, { slot, keys: 5 }, () => lab.kill(replica, "SIGSTOP"));
      const [code] = await ended;
      expect({ code, why: code === 0 ? "" : told.slice(-2_000) }).toEqual({ code: 0, why: "" });
      expect(told.split("\n").filter((line) => line.includes(`${replica} would refuse writes`))).toHaveLength(1);
    } finally {
      await lab.kill(replica, "SIGCONT");
      target.disconnect();
    }
    const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
    const linked = async () => (await lab.cli(replica, "INFO", "replication")).includes("master_link_status:up");
    await until(linked);
    const switched = await redisha(
      ["switchover", "--to", replica, "--yes", "--no-measure", "--json", "--file", lab.file],
      { env },
    );
    expect({ code: switched.code, error: JSON.parse(switched.stdout).error?.code }).toEqual({
      code: 4,
      error: "WRITES_BARRED",
    });
    const { code, stderr } = await redisha(["cluster", "fix", "--yes", "--file", lab.file], { env });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await expectUnbarred(lab);
  });
});

describe("replicas of Redis 6.0 that a move has refuse writes", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000, engine: "redis-6.0" });
  });
  afterAll(() => lab.down());

  // Before 7.0 scripts write through min-replicas-to-write.
  it("lose nothing that a script wrote where one took over, unheard by redisha", async () => {
    const slot = 14_700;
    const from = await leaderOf(lab, THIRD);
    const tag = await fillSlot(lab, slot, from);
    const target = await connectTo(lab, TO);
    const heir = await endBoth(lab, target, { slot, from, keys: 5 });
    await lab.restart(from);
    const [moved = ""] = (await target.call("CLUSTER", "GETKEYSINSLOT", String(slot), "1")) as string[];
    expect(moved).toContain(tag);
    const cli = await connectTo(lab, heir);
    expect(await cli.call("EVAL", "return redis.call('SET', KEYS[1], 'by a script')", "1", moved)).toBe("OK");
    for (const node of [cli, target]) node.disconnect();
    const { code, stderr } = await goOn(lab, "resume");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(await lab.cli(TO, "STRLEN", moved)).toBe(String("by a script".length));
    await expectUnbarred(lab);
    await content(lab);
  });
});

describe("movers of one run", () => {
  let lab: TestLab;
  const connections = new Map<string, RedisConnection>();
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
    for (const { id: instance, address, port, service } of lab.status.processes) {
      if (service !== "redis") continue;
      const limits = { connectTimeoutMs: 30_000, commandTimeoutMs: 30_000 };
      connections.set(instance, await connectRedis({ instance, address, port, ...limits }, { via: "direct" }));
    }
  });
  afterAll(async () => {
    for (const connection of connections.values()) connection.close();
    await lab.down();
  });

  const start = (moves: Move[], allMoves: Move[], sideBySide: SideBySide) =>
    new Mover(moves, {
      connect: async (id) => connections.get(id) ?? Promise.reject(new TypeError(id)),
      signal: AbortSignal.timeout(100_000),
      instances: [...connections.keys()],
      shards: [["r1:6379", "r6:6379"], SECOND, THIRD],
      ...{ login: {}, method: "keys", bandwidth: undefined, allMoves, sideBySide },
      ...{ maxLatencyMs: 1, patienceMs: 60_000, migrateTimeoutMs: 5_000 },
      ...{ forgetFailures: () => {}, stopAsked: () => false, onProgress: () => {}, onTrouble: () => {} },
    }).run();
  const isBarred = async (id: string) =>
    (await lab.cli(id, "CONFIG", "GET", "min-replicas-to-write")).includes("\n1000000");

  it("leave replicas as they are for each other", async () => {
    const [quick, slow] = [14_001, 14_002];
    await fillSlot(lab, slow, "r3:6379");
    const one = { from: "r3:6379", to: TO, slots: [[quick, quick] satisfies [number, number]], count: 1 };
    const other = { from: "r3:6379", to: TO, slots: [[slow, slow] satisfies [number, number]], count: 1 };
    const sideBySide = new SideBySide();
    const target = await connectTo(lab, TO);
    const ended = start([other], [one, other], sideBySide);
    await until(async () => Number(await target.call("CLUSTER", "COUNTKEYSINSLOT", String(slow))) > 5);
    await start([one], [one, other], sideBySide);
    expect(await isBarred("r5:6379")).toBe(true);
    expect(Number(await target.call("CLUSTER", "COUNTKEYSINSLOT", String(slow)))).toBeLessThan(LARGE);
    target.disconnect();
    await ended;
    await expectUnbarred(lab);
  });

  it("leave replicas as they are while slots are open that another is yet to go on with", async () => {
    const [own, others] = [14_003, 14_004];
    await fillSlot(lab, own, "r3:6379");
    const one = { from: "r3:6379", to: TO, slots: [[own, own] satisfies [number, number]], count: 1 };
    const other = { from: "r3:6379", to: TO, slots: [[others, others] satisfies [number, number]], count: 1 };
    await open(others, await leading(lab, "r3:6379"), await leading(lab, TO), "both");
    const sideBySide = new SideBySide();
    await start([one], [one, other], sideBySide);
    expect(await isBarred("r5:6379")).toBe(true);
    await start([other], [one, other], sideBySide);
    await expectUnbarred(lab);
  });

  it("have replicas take writes again that follow who got the last slot of their primary, as that does", async () => {
    const slots: [number, number][] = [[0, 5_460]];
    const move = { from: "r1:6379", to: TO, slots, count: 5_461 };
    await start([{ ...move, slots: [[0, 5_459]] }], [move], new SideBySide());
    // As one left it that was killed before the source was told.
    await lab.cli("r6:6379", "CONFIG", "SET", "min-replicas-to-write", "1000000");
    const [from, to] = await Promise.all([leading(lab, "r1:6379"), leading(lab, TO)]);
    await open(5_460, from, to, "both");
    await to.say("CLUSTER", "SETSLOT", "5460", "NODE", to.nodeId);
    await until(async () => (await lab.cli("r1:6379", "ROLE")).startsWith("slave"));
    await start([move], [move], new SideBySide());
    await expectUnbarred(lab);
  });
});

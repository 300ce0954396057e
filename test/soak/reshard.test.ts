import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentsOf, fillCluster } from "../support/cluster-load.ts";
import { startCounting } from "../support/counting-writers.ts";
import { ENGINES, type EngineUnderTest } from "../support/engines.ts";
import { keysIn } from "../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { redisha } from "../support/redisha.ts";
import {
  complaints,
  expectSame,
  heard,
  moved,
  reshard,
  slotsOf,
  startReshard,
  unnoticed,
} from "../support/reshards.ts";
import { goOn, said, signal } from "../support/signalled.ts";

const ROUNDS = Number(process.env.REDISHA_SOAK_FAULTS ?? "50");
const ENGINE = engineNamed(process.env.REDISHA_SOAK_ENGINE ?? "redis-7.0");
const PATIENT = { topology: "cluster", ssh: false, downAfterMs: 5_000 } as const;

describe.each([
  ["redis-6.0", "acl", true],
  ["redis-7.0", "password", false],
  ["redis-7.0", "acl", true],
  ["redis-8.0", "acl", true],
  ["valkey-8.1", "none", false],
  ["valkey-9.1", "acl", true],
] as const)("redisha reshard (%s, users: %s, TLS: %s)", (engine, auth, tls) => {
  it("moves, is gone on with after a kill, and moves back, while no client notices", async () => {
    await using lab = await bringUpLab({ ...PATIENT, engine, auth, tls });
    await fillCluster(lab, engine);
    await unnoticed(lab, async () => {
      const child = startReshard(lab, "--from", "r1", "--to", "r3", "--slots", "1500", "--max-latency", "1ms");
      await said(child, moved(100));
      await signal(child, "SIGKILL");
      await expectDone(lab, "resume");
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461 + 1_500);
      expect(await complaints(lab)).toEqual([]);
      await expectDone(lab, "rollback");
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
      expect(await complaints(lab)).toEqual([]);
      // As the servers themselves do it, where they can.
      expect((await reshard(lab, "--to", "r3", "--slots", "600")).code).toBe(0);
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461 + 600);
      await expectDone(lab, "rollback");
      expect(await complaints(lab)).toEqual([]);
    });
  });
});

describe("redisha reshard", () => {
  it.each([
    ["whoever is killed", KILLS],
    ["whoever hands over", HANDOVERS],
    ["who gives and redisha together", TOGETHER],
  ])(`is got over ${ROUNDS} faults in a row, %s, and whenever`, async (_who, faults) => {
    await using lab = await bringUpLab({ ...PATIENT, engine: ENGINE });
    await fillCluster(lab, ENGINE);
    const contents = await contentsOf(lab);
    let number = 1;
    while (number <= ROUNDS) if (await suffer(lab, number, faults, contents)) number += 1;
  });

  it("moves 250,000 of a million keys under load", async () => {
    await using lab = await bringUpLab(PATIENT);
    await fillCluster(lab, "redis-7.0", 1_000_000);
    await unnoticed(lab, async () => {
      const { code, stdout } = await reshard(lab, "--to", "r3", "--slots", "4096");
      expect(code).toBe(0);
      expect(JSON.parse(stdout).result.keys).toBeGreaterThan(240_000);
      expect(await complaints(lab)).toEqual([]);
    });
  });
});

describe("redisha reshard of very large keys", () => {
  it("moves a sorted set of five million members, a hash of 300 MB, a stream, and keys that expire", async () => {
    // Each keeps its servers for seconds from whoever waits for them.
    await using lab = await bringUpLab({ ...PATIENT, downAfterMs: 60_000 });
    const [zset = "", hash = "", stream = "", expiring = ""] = [3, 4, 5, 6].flatMap((slot) => keysIn(slot, 1));
    const grow = async (script: string, key: string, steps: number) => {
      for (let step = 0; step < steps; step += 1) await lab.cli("r1:6379", "EVAL", script, "1", key, String(step));
    };
    const each = (command: string) =>
      `local from = tonumber(ARGV[1]) * 100000; for i = from, from + 99999 do redis.call(${command}) end`;
    await grow(each(`"ZADD", KEYS[1], i, "member:" .. i`), zset, 50);
    await grow(each(`"HSET", KEYS[1], "field:" .. i, string.rep("v", 60)`), hash, 30);
    await grow(each(`"XADD", KEYS[1], "*", "n", i`), stream, 1);
    await lab.cli("r1:6379", "SET", expiring, "still here", "EX", "100000");
    expect(Number(await lab.cli("r1:6379", "MEMORY", "USAGE", hash))).toBeGreaterThan(300_000_000);
    const { code, stdout, stderr } = await reshard(lab, "--from", "r1", "--to", "r3", "--slots", "0-9", "--big-keys");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    process.stderr.write(`longest: ${JSON.parse(stdout).result.longest_ms} ms\n`);
    const read = (...words: string[]) => lab.cli("r3:6379", ...words);
    expect(await read("ZCARD", zset)).toBe("5000000");
    expect(await read("ZSCORE", zset, "member:4999999")).toBe("4999999");
    expect(await read("HLEN", hash)).toBe("3000000");
    expect(await read("HGET", hash, "field:2999999")).toBe("v".repeat(60));
    expect(await read("XLEN", stream)).toBe("100000");
    expect(Number(await read("TTL", expiring))).toBeGreaterThan(90_000);
    expect(await lab.cli("r1:6379", "CLUSTER", "COUNTKEYSINSLOT", "3")).toBe("0");
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });
});

function engineNamed(name: string): EngineUnderTest {
  const found = ENGINES.find((each) => each === name);
  if (!found) throw new RangeError(`no engine ${name}; there are ${ENGINES.join(", ")}`);
  return found;
}

type Contents = Awaited<ReturnType<typeof contentsOf>>;

/** What happens to a move. */
type Fault = `${"redisha" | "source" | "target"} ${"dies" | "hands over"}` | "source dies with redisha";

const KILLS = ["redisha dies", "source dies", "target dies"] as const;
const HANDOVERS = ["source hands over", "target hands over"] as const;
const TOGETHER = ["source dies with redisha"] as const;

/** Counters of the writers, the same ones throughout: more of them with each move would make each slower than the last. */
const COUNTERS = Array.from({ length: 2_000 }, (_, index) => `load:soak:${index}`);

/** Milliseconds of a move within which something happens to it. Where moves end before, it was too late, and is less from then on. */
let span = 1_500;

/**
 * One move between two primaries that are there, and one fault at a moment that nobody has chosen. False where slots had all
 * moved by then: it counts for nothing.
 */
async function suffer(lab: TestLab, number: number, faults: readonly Fault[], contents: Contents): Promise<boolean> {
  const [from, to] = await twoPrimaries(lab);
  const writers = await startCounting(lab, COUNTERS);
  const chosen = faults[Math.floor(Math.random() * faults.length)] ?? "redisha dies";
  const hit = chosen.startsWith("source") ? from : to;
  // Replicas go where they are needed: one without any has nobody to take its place.
  const heir = await replicaOf(lab, hit);
  const what = heir === undefined ? "redisha dies" : chosen;
  const slots = String(Math.min(1_000, await slotsOf(lab, from)));
  const child = startReshard(lab, "--from", from, "--to", to, "--slots", slots, "--max-latency", "1ms");
  const told = heard(child);
  const allMoved = /"op_finished"[^\n]*"step":"move"/;
  let over = false;
  void said(child, allMoved).then(
    () => (over = true),
    () => undefined,
  );
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await said(child, /"op_started"[^\n]*"step":"move"/);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * span));
  const amidst = !over;
  if (!amidst) span *= 0.8;
  if (what.endsWith("redisha")) child.kill("SIGKILL");
  if (what === "redisha dies") await signal(child, "SIGKILL");
  else if (what.includes("dies")) await lab.kill(hit);
  else await lab.cli(heir ?? "", "CLUSTER", "FAILOVER");
  // A Valkey that was to get slots is waited for: somebody starts it again as soon as its replica has taken over.
  const waited = ENGINE.startsWith("valkey") && what === "target dies";
  const back = waited
    ? expect.poll(async () => (await primariesOf(lab)).length, { timeout: 60_000 }).toBe(3)
    : undefined;
  await back?.then(() => lab.restart(hit));
  const code = await ended;
  const story = { number, what, from, to, amidst, code };
  const within = { timeout: 60_000, interval: 250, message: JSON.stringify(story) };
  if (code !== 0) {
    const { code: after, stderr } = await goOn(lab, number % 3 === 0 ? "rollback" : "resume");
    // Killed behind its last step, it has nothing left to go on with.
    const well = after === 0 || (!amidst && stderr.includes("RUN_OVER"));
    expect({ ...story, well, why: well ? "" : stderr + told() }).toEqual({ ...story, well: true, why: "" });
  }
  // A primary without persistence that comes back before its replica took over would bring an empty data set with it.
  await expect.poll(async () => (await primariesOf(lab)).length, within).toBe(3);
  if (what !== "redisha dies" && what.includes("dies") && !waited) await lab.restart(hit);
  if (ENGINE.startsWith("valkey")) await mendReplicaMarks(lab);
  await expect.poll(() => complaints(lab), within).toEqual([]);
  await expect.poll(() => replicasInStep(lab), within).toBe(3);
  expect({ ...story, barred: await barred(lab) }).toEqual({ ...story, barred: [] });
  const { wrong, neverCopied } = await writers.stop();
  expect({ ...story, wrong, told: wrong.length > 0 ? told() : "" }).toEqual({ ...story, wrong: [], told: "" });
  await expectSame(lab, contents);
  process.stderr.write(`${JSON.stringify({ ...story, acknowledged: writers.counts.acknowledged, neverCopied })}\n`);
  return amidst;
}

/**
 * A Valkey that was a primary comes back as a replica with the marks that it had when it died, whoever took them off meanwhile, and
 * keeps them until its primary is told again. A Redis closes its slots itself when it becomes a replica.
 */
async function mendReplicaMarks(lab: TestLab): Promise<void> {
  await expect.poll(() => replicasInStep(lab), { timeout: 60_000 }).toBe(3);
  const { code, stderr } = await redisha(["cluster", "fix", "--yes", "--file", lab.file], {
    env: { REDISHA_STATE_DIR: join(lab.root, "state") },
  });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}

async function expectDone(lab: TestLab, how: "resume" | "rollback"): Promise<void> {
  const { code, stderr } = await goOn(lab, how);
  expect({ how, code, stderr: code === 0 ? "" : stderr }).toEqual({ how, code: 0, stderr: "" });
}

async function roles(lab: TestLab): Promise<{ id: string; role: string }[]> {
  const servers = lab.status.processes.filter(({ service }) => service === "redis");
  return Promise.all(servers.map(async ({ id }) => ({ id, role: await lab.cli(id, "ROLE").catch(() => "") })));
}

/** Those that refuse writes, or would if they took over. */
async function barred(lab: TestLab): Promise<string[]> {
  const servers = lab.status.processes.filter(({ service }) => service === "redis");
  const values = await Promise.all(servers.map(({ id }) => lab.cli(id, "CONFIG", "GET", "min-replicas-to-write")));
  return servers.flatMap(({ id }, at) => (values[at]?.trim().endsWith("\n0") ? [] : [id]));
}

async function primariesOf(lab: TestLab): Promise<string[]> {
  return (await roles(lab)).filter(({ role }) => role.startsWith("master")).map(({ id }) => id);
}

async function twoPrimaries(lab: TestLab): Promise<[string, string]> {
  const primaries = await primariesOf(lab);
  const owned = await Promise.all(primaries.map(async (id) => ({ id, slots: await slotsOf(lab, id) })));
  const [from, ...others] = owned.sort((a, b) => b.slots - a.slots).map(({ id }) => id);
  return [from ?? "", others[Math.floor(Math.random() * others.length)] ?? ""];
}

async function replicaOf(lab: TestLab, primary: string): Promise<string | undefined> {
  const [, , address, port] = (await lab.cli(primary, "ROLE")).split("\n");
  return lab.status.processes.find((each) => each.address === address && String(each.port) === port)?.id;
}

async function replicasInStep(lab: TestLab): Promise<number> {
  return (await roles(lab)).filter(({ role }) => /^slave\n.*\n.*\nconnected/.test(role)).length;
}

import { describe, expect, it } from "vitest";
import { contentsOf, fillCluster } from "../support/cluster-load.ts";
import { startCounting } from "../support/counting-writers.ts";
import { keysIn } from "../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
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

const FAULTS = Number(process.env.REDISHA_SOAK_FAULTS ?? "50");
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
  it(`is got over ${FAULTS} faults in a row, whoever is killed and whenever`, async () => {
    await using lab = await bringUpLab(PATIENT);
    await fillCluster(lab, "redis-7.0");
    for (let fault = 1; fault <= FAULTS; fault += 1) await suffer(lab, fault);
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

/** One move between two primaries that are there, and one fault at a moment that nobody has chosen. */
async function suffer(lab: TestLab, fault: number): Promise<void> {
  const before = await contentsOf(lab);
  const [from, to] = await twoPrimaries(lab);
  const counters = Array.from({ length: 2_000 }, (_, index) => `load:soak:${fault}:${index}`);
  const writers = await startCounting(lab, counters);
  const chosen = (["redisha", "source", "target"] as const)[Math.floor(Math.random() * 3)] ?? "redisha";
  // Replicas go where they are needed: one without any has nobody to take its place.
  const dies = chosen === "source" ? from : to;
  const who = (await lab.cli(dies, "ROLE")).split("\n").length > 2 ? chosen : "redisha";
  const slots = String(Math.min(1_000, await slotsOf(lab, from)));
  const child = startReshard(lab, "--from", from, "--to", to, "--slots", slots, "--max-latency", "1ms");
  const told = heard(child);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await said(child, /"step_started"[^\n]*"step":"move"/);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
  if (who === "redisha") await signal(child, "SIGKILL");
  else await lab.kill(who === "source" ? from : to);
  const code = await ended;
  const what = { fault, who, from, to, code };
  const within = { timeout: 60_000, interval: 500, message: JSON.stringify(what) };
  if (code !== 0) {
    const { code: after, stderr } = await goOn(lab, fault % 3 === 0 ? "rollback" : "resume");
    expect({ ...what, after, why: after === 0 ? "" : stderr + told() }).toEqual({ ...what, after: 0, why: "" });
  }
  // A primary without persistence that comes back before its replica took over would bring an empty data set with it.
  await expect.poll(async () => (await primariesOf(lab)).length, within).toBe(3);
  if (who !== "redisha") await lab.restart(who === "source" ? from : to);
  await expect.poll(() => complaints(lab), within).toEqual([]);
  await expect.poll(() => replicasInStep(lab), within).toBe(3);
  const { wrong, neverCopied } = await writers.stop();
  expect({ ...what, wrong, told: wrong.length > 0 ? told() : "" }).toEqual({ ...what, wrong: [], told: "" });
  await expectSame(lab, before);
  process.stderr.write(`${JSON.stringify({ ...what, acknowledged: writers.counts.acknowledged, neverCopied })}\n`);
}

async function expectDone(lab: TestLab, how: "resume" | "rollback"): Promise<void> {
  const { code, stderr } = await goOn(lab, how);
  expect({ how, code, stderr: code === 0 ? "" : stderr }).toEqual({ how, code: 0, stderr: "" });
}

async function roles(lab: TestLab): Promise<{ id: string; role: string }[]> {
  const servers = lab.status.processes.filter(({ service }) => service === "redis");
  return Promise.all(servers.map(async ({ id }) => ({ id, role: await lab.cli(id, "ROLE").catch(() => "") })));
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

async function replicasInStep(lab: TestLab): Promise<number> {
  return (await roles(lab)).filter(({ role }) => /^slave\n.*\n.*\nconnected/.test(role)).length;
}

import { describe, expect, it } from "vitest";
import { contentsOf, fillCluster } from "../support/cluster-load.ts";
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

/** One move between two primaries that are there, and one fault at a moment that nobody has chosen. */
async function suffer(lab: TestLab, fault: number): Promise<void> {
  const before = await contentsOf(lab);
  const [from, to] = await twoPrimaries(lab);
  const who = (["redisha", "source", "target"] as const)[Math.floor(Math.random() * 3)] ?? "redisha";
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
  await expectSame(lab, before);
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

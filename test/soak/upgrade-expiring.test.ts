import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { heldByFewer, startSessions } from "../support/sessions.ts";
import { settled, topologyOf } from "../support/switchovers.ts";
import { until } from "../support/until.ts";
import { upgrade } from "../support/upgrades.ts";
import { lostOf, startWriters } from "../support/writers.ts";

/** Sets keys that live for a few seconds on the primary from before; returns what ends that. */
async function startShortLived({ status }: TestLab): Promise<() => void> {
  const primary = status.processes.find(({ host, service }) => host === "r1" && service === "redis");
  const client = new Redis({ host: primary?.address ?? "", port: primary?.port ?? 0, retryStrategy: () => null });
  client.on("error", () => undefined);
  // So that it ends keys whose time is over at nearly every moment.
  await client.config("SET", "hz", "500");
  let n = 0;
  const timer = setInterval(() => {
    const batch = client.pipeline();
    for (let i = 0; i < 50; i += 1) batch.set(`session:${n++}`, "x", "PX", 1_000 + ((n * 37) % 8_000));
    batch.exec().catch(() => undefined);
  }, 50);
  return () => {
    clearInterval(timer);
    client.disconnect();
  };
}

/**
 * 6.0 goes on ending keys while writes are stopped, and tells its replicas. Where the old primary did that between the
 * promotion and its becoming a replica, it asks for a full sync of the newer release, and cannot load it.
 */
it("an upgrade loses no acknowledged write, and comes to its end, while keys expire all the time", async () => {
  await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-6.0", downAfterMs: 5_000 });
  const writers = startWriters(lab, 8);
  const stopSessions = await startShortLived(lab);
  const { code, stderr } = await upgrade(lab, "redis-7.0");
  stopSessions();
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  const primary = await settled(lab);
  await delay(300);
  const { gapMs } = await writers.stop();
  const lost = await lostOf(lab, primary, writers);
  const { nodes, sentinels } = await topologyOf(lab);
  const refused = /Can't handle RDB format/.test(await logOf(lab));
  process.stdout.write(
    `${writers.acked.length} writes, ${lost.length} lost, gap ${gapMs} ms, ${refused ? "a" : "no"} full sync that the old primary could not load\n`,
  );
  expect(lost).toEqual([]);
  expect([...new Set([...nodes, ...sentinels].map(({ version }) => version))]).toEqual(["7.0.15"]);
}, 600_000);

/** The old primary follows a newer one until it is stopped, and 6.0 drops each SET with an expiry of that time. */
it.each(["sentinel", "cluster"] as const)(
  "every server has every key that expires, behind an upgrade (%s)",
  async (topology) => {
    await using lab = await bringUpLab({ topology, engine: "redis-6.0", downAfterMs: 5_000 });
    const sessions = startSessions(lab);
    const { code, stderr } = await upgrade(lab, "redis-7.0");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const keys = await sessions.stop();
    const copies = topology === "sentinel" ? 3 : 2;
    await until(async () => (await heldByFewer(copies, keys, lab)).length === 0).catch(() => undefined);
    const missing = await heldByFewer(copies, keys, lab);
    process.stdout.write(`${topology}: ${keys.length} keys with an expiry, ${missing.length} not on every server\n`);
    expect(missing).toEqual([]);
  },
  600_000,
);

async function logOf({ status }: TestLab): Promise<string> {
  const primary = status.processes.find(({ host, service }) => host === "r1" && service === "redis");
  return readFile(primary?.log ?? "", "utf8");
}

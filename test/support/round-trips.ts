import { expect } from "vitest";
import { backedUpLab } from "./backed-up-lab.ts";
import { fillWithEverything } from "./dataset.ts";
import type { Engine } from "./redis.ts";

/** How long a round trip took, in milliseconds. */
export interface RoundTripTimes {
  readonly backupMs: number;
  readonly restoreMs: number;
}

const FILL = `
for n = ARGV[1], ARGV[1] + ARGV[2] - 1 do redis.call('SET', 'key:' .. n, 'value:' .. n) end`;

const FILL_SLOT = `
for n = ARGV[1], ARGV[1] + ARGV[2] - 1 do redis.call('SET', 'key:' .. KEYS[1] .. n, 'value:' .. n) end`;

/**
 * Fills a Sentinel lab with some of everything and `more` keys, backs it up, changes it, restores it: what comes back equals
 * what was there, on every server, also after a restart. Traps: 12, 13, 14, 18, 19.
 */
export async function expectRoundTrip(engine: Engine, appendonly: "yes" | "no", more = 0): Promise<RoundTripTimes> {
  const debug = engine === "redis-6.0" ? {} : { "enable-debug-command": "yes" };
  // DEBUG DIGEST of millions of keys takes a minute, and many on a busy machine, in which a server answers nobody.
  const downAfterMs = more > 0 ? 3_600_000 : 1_000;
  await using place = await backedUpLab({ engine, downAfterMs, config: { appendonly, ...debug } });
  const { lab, run } = place;
  const send = (...command: string[]) => lab.cli("r1:6379", ...command);
  await fillWithEverything(send, engine);
  for (let from = 0; from < more; from += 50_000) await send("EVAL", FILL, "0", String(from), "50000");
  await send("WAIT", "2", "60000");
  const digest = await send("DEBUG", "DIGEST");
  const backup = await run("backup");
  expect(backup.error).toBeNull();
  await send("SET", "later", "not in the backup");
  await send("DEL", "string");
  const restored = await run("restore");
  expect(restored.error).toBeNull();
  expect(restored).toMatchObject({ status: "done", exit: 0 });
  expect(await send("DEBUG", "DIGEST")).toBe(digest);
  for (const replica of ["r2:6379", "r3:6379"]) {
    expect(await lab.cli(replica, "DEBUG", "DIGEST")).toBe(digest);
    expect(await lab.cli(replica, "INFO", "replication")).toMatch(/link_status:up/);
    expect(await lab.cli(replica, "CONFIG", "GET", "appendonly")).toContain(appendonly);
  }
  // With the snapshot of the primary they go on from it (trap 18); with an append-only file they cannot.
  const seeded = engine !== "redis-6.0" && appendonly === "no";
  expect(await send("INFO", "stats")).toMatch(seeded ? /sync_full:0\n/ : /sync_full:[12]\n/);
  expect(await send("CONFIG", "GET", "appendonly")).toContain(appendonly);
  if (engine !== "redis-6.0") expect(await send("FUNCTION", "LIST")).toContain("lib");
  expect(await lab.cli("r1:26379", "SENTINEL", "CKQUORUM", "mymaster")).toContain("OK 3 usable");
  // Millions of keys are saved and loaded for longer than a lab waits: it would end the server in the middle.
  await send("SHUTDOWN").catch(() => undefined);
  await lab.restart("r1:6379").catch(() => undefined);
  await expect.poll(() => send("DEBUG", "DIGEST").catch(() => ""), { timeout: 900_000 }).toBe(digest);
  return { backupMs: backup.duration_ms, restoreMs: restored.duration_ms };
}

/** One key for each of the three shards of a Cluster; all others have its slot. */
const TAGS = ["{b}", "{c}", "{a}"];

/** The same for a Cluster of three shards with a replica each: slots, names and roles are those that were there, too. */
export async function expectClusterRoundTrip(
  engine: Engine,
  appendonly: "yes" | "no",
  more = 0,
): Promise<RoundTripTimes> {
  const debug = engine === "redis-6.0" ? {} : { "enable-debug-command": "yes" };
  const downAfterMs = more > 0 ? 300_000 : 1_000;
  await using place = await backedUpLab({ engine, topology: "cluster", downAfterMs, config: { appendonly, ...debug } });
  const { lab, run } = place;
  const nodes = lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);
  const send = (...command: string[]) => lab.cli("r1:6379", ...command);
  await fillWithEverything(send, engine, { cluster: true });
  for (let n = 0; n < 60; n += 1) await send("SET", `key:${n}`, `value ${n}`);
  for (const tag of TAGS) {
    for (let from = 0; from < more / TAGS.length; from += 50_000) {
      await send("EVAL", FILL_SLOT, "1", tag, String(from), String(Math.min(50_000, more / TAGS.length - from)));
    }
  }
  const digests = () => Promise.all(nodes.map((id) => lab.cli(id, "DEBUG", "DIGEST")));
  const ids = () => Promise.all(nodes.map((id) => lab.cli(id, "CLUSTER", "MYID")));
  const same = async () => new Set(await digests()).size === nodes.length / 2;
  await expect.poll(same, { timeout: 120_000, message: "replicas hold what their primaries do" }).toBe(true);
  const [before, names] = [await digests(), await ids()];
  const backup = await run("backup");
  expect(backup.error).toBeNull();
  for (let n = 0; n < 60; n += 1) await send("DEL", `key:${n}`);
  const restored = await run("restore");
  expect(restored.error).toBeNull();
  expect(restored).toMatchObject({ status: "done", exit: 0 });
  expect(await digests()).toEqual(before);
  expect(await ids()).toEqual(names);
  expect(await send("CLUSTER", "INFO")).toContain("cluster_state:ok");
  expect(await send("CLUSTER", "NODES")).not.toMatch(/fail|\[\d+-[<>]-/);
  for (const id of nodes) expect(await lab.cli(id, "CONFIG", "GET", "appendonly")).toContain(appendonly);
  return { backupMs: backup.duration_ms, restoreMs: restored.duration_ms };
}

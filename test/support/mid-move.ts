import type { ChildProcess } from "node:child_process";
import { Redis } from "ioredis";
import { expect } from "vitest";
import { keysIn } from "./half-moves.ts";
import type { TestLab } from "./lab.ts";
import { until } from "./until.ts";

/** Keys of a megabyte each, beside the counters: with pauses between them, that keep the slot on its way for a while. */
export const LARGE = 120;

/** Does something once the target holds so many keys of the slot: looked at all the time, for a quick machine soon has them all. */
export async function amidst(
  move: ChildProcess,
  target: Redis,
  { slot, keys }: { slot: number; keys: number },
  work: () => unknown,
): Promise<void> {
  const held = async () => Number(await target.call("CLUSTER", "COUNTKEYSINSLOT", String(slot)));
  let now = 0;
  while (now < keys && move.exitCode === null) now = await held();
  expect(now).toBeGreaterThanOrEqual(keys);
  await work();
  expect(now).toBeLessThan(keys + LARGE / 2);
}

export function serverOf(lab: TestLab, id: string) {
  const { address, port, pid } = lab.status.processes.find((each) => each.id === id) ?? {};
  if (!address || !port || !pid) throw new Error(`${id} is not there`);
  return { address, port, pid };
}

export async function connectTo(lab: TestLab, id: string): Promise<Redis> {
  const { address, port } = serverOf(lab, id);
  const node = new Redis({ host: address, port, protocol: 2, lazyConnect: true });
  await node.connect();
  return node;
}

/** Which of the members of a shard is its primary. */
export async function leaderOf(lab: TestLab, members: readonly string[]): Promise<string> {
  const roles = await Promise.all(members.map(async (id) => ({ id, role: await lab.cli(id, "ROLE") })));
  return roles.find(({ role }) => role.startsWith("master"))?.id ?? "";
}

/**
 * Brings back one that was a primary, as a replica of its successor. It comes back with all slots that it had: where the last of
 * them is taken from it by somebody else than its successor, it follows that one (cluster.c, clusterUpdateSlotsConfigWith).
 */
export async function comeBack(lab: TestLab, id: string, successor: string): Promise<void> {
  await lab.restart(id);
  await until(async () => (await lab.cli(id, "ROLE").catch(() => "")).startsWith("slave"));
  await lab.cli(id, "CLUSTER", "REPLICATE", await lab.cli(successor, "CLUSTER", "MYID"));
  await until(async () => (await lab.cli(id, "INFO", "replication")).includes("master_link_status:up"));
}

/** No server refuses writes, nor would if it took over. */
export async function expectUnbarred(lab: TestLab): Promise<void> {
  for (const { id } of lab.status.processes.filter(({ service }) => service === "redis"))
    expect(await lab.cli(id, "CONFIG", "GET", "min-replicas-to-write")).toContain("\n0");
}

/** Fills a slot with large keys, and gives the tag of their names. */
export async function fillSlot(lab: TestLab, slot: number, owner: string): Promise<string> {
  const tag = keysIn(slot, 1)[0]?.split(":")[0] ?? "";
  const fill = `for i = 1, ${LARGE} do redis.call("SETRANGE", KEYS[1] .. ":z" .. i, 1048576, "end") end`;
  await lab.cli(owner, "EVAL", fill, "1", tag);
  return tag;
}

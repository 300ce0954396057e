import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCounting } from "../../support/counting-writers.ts";
import { keysIn } from "../../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { complaints, heard, startReshard } from "../../support/reshards.ts";
import { until } from "../../support/until.ts";

/** Keys of a megabyte each, beside the counters: with pauses between them, that keep the slot on its way for a while. */
const LARGE = 120;

/** Kills a server once the target holds so many keys of the slot: looked at all the time, for a quick machine soon has them all. */
async function amidst(lab: TestLab, to: string, slot: number, keys: number, dies: string): Promise<void> {
  const processes = lab.status.processes.filter(({ service }) => service === "redis");
  const target = processes.find(({ id }) => id === to);
  const pid = processes.find(({ id }) => id === dies)?.pid;
  if (!target || !pid) throw new Error(`${to} and ${dies} are not there`);
  const node = new Redis({ host: target.address, port: target.port, protocol: 2, lazyConnect: true });
  try {
    await node.connect();
    const held = async () => Number(await node.call("CLUSTER", "COUNTKEYSINSLOT", String(slot)));
    let now = 0;
    while (now < keys) now = await held();
    process.kill(pid, "SIGKILL");
    expect(now).toBeLessThan(keys + LARGE / 2);
  } finally {
    node.disconnect();
  }
}

describe("a primary that dies while one of its slots is on its way", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
  });
  afterAll(() => lab.down());

  it.each([
    ["the source", 150, "r1:6379", "r1:6379"],
    ["the target", 11_000, "r3:6379", "r2:6379"],
  ] as const)("costs no acknowledged write where it is %s", async (_who, slot, from, dies) => {
    const to = "r2:6379";
    // The youngest move first: all counters have moved when the large keys do.
    const counters = keysIn(slot, 200).map((key) => key.replace(":", ":a"));
    const tag = (counters[0] ?? "").split(":")[0] ?? "";
    const fill = `for i = 1, ${LARGE} do redis.call("SETRANGE", KEYS[1] .. ":z" .. i, 1048576, "end") end`;
    await lab.cli(from, "EVAL", fill, "1", tag);
    const writers = await startCounting(lab, counters);
    await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
    const child = startReshard(lab, "--from", from, "--to", to, "--slots", `${slot}-${slot}`, "--max-latency", "1ms");
    const told = heard(child);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await amidst(lab, to, slot, counters.length + 10, dies);
    const code = await ended;
    const acknowledged = writers.counts.acknowledged;
    await expect.poll(() => writers.counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(acknowledged + 500);
    const { wrong } = await writers.stop();
    expect({ code, why: code === 0 ? "" : told() }).toEqual({ code: 0, why: "" });
    expect(wrong).toEqual([]);
    await lab.restart(dies);
    await until(async () => (await lab.cli(dies, "ROLE").catch(() => "")).startsWith("slave"));
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });
});

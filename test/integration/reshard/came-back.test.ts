import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentsOf, fillCluster } from "../../support/cluster-load.ts";
import { leaderOf, migrate, open } from "../../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { comeBack } from "../../support/mid-move.ts";
import { complaints, expectSame, moved, reshard, startReshard } from "../../support/reshards.ts";
import { goOn, said, signal } from "../../support/signalled.ts";
import { until } from "../../support/until.ts";

const [FIRST, HEIR, OTHER] = ["r1:6379", "r6:6379", "r2:6379"];
const [THIRD, ITS_HEIR] = ["r3:6379", "r5:6379"];

/** Each goes as one lot. In about a quarter of them word of a new owner met who had been told by somebody else already. */
const LOTS = Array.from({ length: 8 }, (_, index) => `${index * 40}-${index * 40 + 15}`);

/** The last of the slots that are to move. */
const LAST = Array.from({ length: 100 }, (_, index) => String(900 + index));

describe("a slot that its source gave to a target which died before its replica had heard of it", () => {
  it("is taken by that replica, with its keys, when it leads and the other is back", async () => {
    await using lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 2_000 });
    await fillCluster(lab, "redis-7.0");
    const contents = await contentsOf(lab);
    const child = startReshard(lab, "--from", FIRST, "--to", THIRD, "--slots", "1000", "--max-latency", "1ms");
    await said(child, moved(100));
    await signal(child, "SIGKILL");
    const [source, target] = [await leaderOf(lab, FIRST), await leaderOf(lab, THIRD)];
    // Its turn had not come yet.
    const counts = await Promise.all(LAST.map((slot) => source.say("CLUSTER", "COUNTKEYSINSLOT", slot)));
    const slot = LAST.find((_, index) => Number(counts[index]) > 0) ?? "";
    await open(Number(slot), source, target, "both");
    const keys = await source.say("CLUSTER", "GETKEYSINSLOT", slot, "1000");
    await migrate(source, target, keys.split("\n"));
    await target.say("WAIT", "1", "1000");
    await source.say("CLUSTER", "SETSLOT", slot, "NODE", target.nodeId);
    await lab.kill(THIRD);
    await until(async () => (await lab.cli(ITS_HEIR, "ROLE")).startsWith("master"));
    await comeBack(lab, THIRD, ITS_HEIR);
    const { code, stderr } = await goOn(lab, "resume");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    await expectSame(lab, contents);
  });
});

describe("slots that come back to a shard whose primary has died", () => {
  let lab: TestLab;
  let contents: Awaited<ReturnType<typeof contentsOf>>;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 2_000 });
    await fillCluster(lab, "redis-7.0");
    contents = await contentsOf(lab);
  });
  afterAll(() => lab.down());

  const move = async (from: string, to: string, slots: string) => {
    const { code, stderr } = await reshard(lab, "--method", "keys", "--from", from, "--to", to, "--slots", slots);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  };

  // Some are open, and go whole to the target first: it would lose them by the epoch of who took over, which it has not heard of yet.
  it("lose no key where the move is taken back that was under way as it died, and redisha with it", async () => {
    const child = startReshard(lab, "--from", THIRD, "--to", OTHER, "--slots", "1000", "--max-latency", "1ms");
    await said(child, moved(100));
    child.kill("SIGKILL");
    await lab.kill(THIRD);
    const { code, stderr } = await goOn(lab, "rollback");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await expectSame(lab, contents);
    await comeBack(lab, THIRD, ITS_HEIR);
    await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    await expectSame(lab, contents);
  });

  it("are not given up, nor their keys, when it comes back and claims them as it did at its death", async () => {
    await lab.kill(FIRST);
    const path = join(lab.status.folder, "hosts", ...FIRST.split(":"), "data", "nodes.conf");
    const atItsDeath = await readFile(path, "utf8");
    await until(async () => (await lab.cli(HEIR, "ROLE")).startsWith("master"));
    await comeBack(lab, FIRST, HEIR);
    for (const lot of LOTS) {
      await move(HEIR, OTHER, lot);
      await move(OTHER, HEIR, lot);
    }
    await lab.kill(FIRST);
    await writeFile(path, atItsDeath);
    await comeBack(lab, FIRST, HEIR);
    await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    await expectSame(lab, contents);
  });
});

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asked, keysIn, leaderOf, migrate, type Node, open } from "../../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { expectUnbarred } from "../../support/mid-move.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { complaints } from "../../support/reshards.ts";
import { until } from "../../support/until.ts";

/** Half-moved slots of the first primary: what makes them, given some of its keys, and what a check is to call it. */
const HALF_STATES: readonly [
  fault: string,
  make: (slot: number, from: Node, to: Node, keys: string[]) => Promise<void>,
][] = [
  ["open_at_target", (slot, from, to) => open(slot, from, to, "target")],
  ["open_at_source", (slot, from, to) => open(slot, from, to, "source")],
  ["open_at_both", (slot, from, to) => open(slot, from, to, "both")],
  [
    "in_progress",
    async (slot, from, to, keys) => {
      await open(slot, from, to, "both");
      await migrate(from, to, keys.slice(0, 4));
      // What a client wrote at the target is what counts.
      await asked(to, "SET", keys[0] ?? "", "written by ASK");
    },
  ],
  [
    "in_progress",
    async (slot, from, to, keys) => {
      await open(slot, from, to, "both");
      // As a MIGRATE leaves a key that ran out of time; the source goes on to serve it.
      await migrate(from, to, keys.slice(0, 2), "COPY");
      await from.say("SET", keys[0] ?? "", "written at the source");
    },
  ],
  [
    "source_told",
    async (slot, from, to, keys) => {
      await open(slot, from, to, "both");
      await migrate(from, to, keys);
      await from.say("CLUSTER", "SETSLOT", String(slot), "NODE", to.nodeId);
    },
  ],
  [
    "needless_mark",
    async (slot, from, to, keys) => {
      await open(slot, from, to, "both");
      await migrate(from, to, keys);
      await to.say("CLUSTER", "SETSLOT", String(slot), "NODE", to.nodeId);
      // The source hears of it before anybody tells it, and keeps a mark for a slot that it does not own any more.
      const told = new RegExp(`^${to.nodeId} .*[ -]${slot}( |-|$)`, "m");
      await until(async () => told.test(await from.say("CLUSTER", "NODES")));
    },
  ],
  [
    "stray_keys",
    async (slot, from, to, keys) => {
      await open(slot, from, to, "both");
      await migrate(from, to, keys.slice(0, 3));
      await migrate(from, to, keys.slice(3, 5), "COPY");
      for (const node of [from, to]) await node.say("CLUSTER", "SETSLOT", String(slot), "STABLE");
    },
  ],
];

/** What those who wrote last are to read. */
const WRITTEN: Readonly<Record<number, string>> = { 3: "written by ASK", 4: "written at the source" };

describe("redisha cluster fix", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
  });
  afterAll(() => lab.down());

  const run = (...argv: string[]): Promise<Ended> =>
    redisha(["cluster", ...argv, "--json", "--file", lab.file], {
      env: { REDISHA_STATE_DIR: join(lab.root, "state") },
    });
  const first = () => leaderOf(lab, "r1:6379", "r6:6379");
  const third = () => leaderOf(lab, "r3:6379", "r5:6379");
  const fill = async (slot: number) => {
    const keys = keysIn(slot, 8);
    for (const key of keys) await lab.cli("r1:6379", "SET", key, `value of ${key}`);
    return keys;
  };
  const found = async () => {
    const { stdout } = await run("check");
    const { findings } = JSON.parse(stdout).result.verdict;
    return (findings as { id: string }[]).map(({ id }) => id).filter((id) => id.startsWith("slot_"));
  };
  const expectMended = async (...flags: string[]) => {
    const { code, stderr } = await run("fix", ...flags);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    expect(await found()).toEqual([]);
  };

  it("has nothing to do where nothing is wrong", async () => {
    const { code, stdout } = await run("check");
    expect({ code, state: JSON.parse(stdout).result.verdict.state }).toEqual({ code: 0, state: "healthy" });
    await expectMended();
  });

  it("names every half-moved slot, mends all of them, and keeps what was written last", async () => {
    const [from, to] = [await first(), await third()];
    const slots = HALF_STATES.map((_, index) => index + 1);
    const filled = await Promise.all(slots.map(fill));
    for (const [index, [, make]] of HALF_STATES.entries()) await make(index + 1, from, to, filled[index] ?? []);
    expect(new Set(await found())).toEqual(new Set(HALF_STATES.map(([fault]) => `slot_${fault}`)));
    const planned = JSON.parse((await run("fix", "--dry-run")).stdout).result.steps;
    expect(planned.find(({ step }: { step: string }) => step === "plan").note).toContain("in progress: move the rest");
    expect((await complaints(lab)).length).toBeGreaterThan(0);
    await expectMended();
    await expectUnbarred(lab);
    for (const [index, keys] of filled.entries()) {
      const [latest, ...others] = await Promise.all(keys.map((key) => lab.cli("r1:6379", "GET", key)));
      expect(latest).toBe(WRITTEN[index] ?? `value of ${keys[0]}`);
      expect(others).toEqual(keys.slice(1).map((key) => `value of ${key}`));
    }
  });

  it("touches neither of two different copies of a key until it is told whose stays", async () => {
    const [from, to] = [await first(), await third()];
    const [key = ""] = await fill(20);
    await open(20, from, to, "both");
    await migrate(from, to, [key], "COPY");
    for (const node of [from, to]) await node.say("CLUSTER", "SETSLOT", "20", "STABLE");
    await from.say("SET", key, "newer");
    const { code, stdout } = await run("fix");
    expect({ code, error: JSON.parse(stdout).error.message }).toEqual({
      code: 4,
      error: expect.stringContaining("different copies"),
    });
    expect(await from.say("GET", key)).toBe("newer");
    expect(await asked(to, "GET", key)).toBe(`value of ${key}`);
    await expectMended("--keep", "owner");
    expect(await lab.cli("r1:6379", "GET", key)).toBe("newer");
  });

  it("brings home what lies with the target where the source failed over in mid-move, and lost its mark", async () => {
    const [from, to] = [await first(), await third()];
    const keys = await fill(30);
    await open(30, from, to, "both");
    await migrate(from, to, keys.slice(0, 5));
    await promoteIn(lab, "r1:6379", "r6:6379");
    await expect.poll(found, { timeout: 30_000 }).toEqual(["slot_lost_mark"]);
    await expectMended();
    const read = await Promise.all(keys.map((key) => lab.cli("r1:6379", "GET", key)));
    expect(read).toEqual(keys.map((key) => `value of ${key}`));
  });

  it("goes on to the successor of a target that failed over in mid-move", async () => {
    const [from, to] = [await first(), await third()];
    const keys = await fill(40);
    await open(40, from, to, "both");
    await migrate(from, to, keys.slice(0, 5));
    await promoteIn(lab, "r3:6379", "r5:6379");
    await expect.poll(found, { timeout: 30_000 }).toEqual(["slot_dead_end"]);
    await expectMended();
    const read = await Promise.all(keys.map((key) => lab.cli("r1:6379", "GET", key)));
    expect(read).toEqual(keys.map((key) => `value of ${key}`));
  });

  it("gives away slots that belong to nobody only where it is told to, and to who holds their keys", async () => {
    const keys = await fill(50);
    const owner = await first();
    // The owner first: from it the others would hear of the slot again. Who has heard by then that it is nobody's refuses.
    await owner.say("CLUSTER", "DELSLOTS", "50");
    const others = lab.status.processes.filter(({ id }) => id !== owner.id);
    for (const { id } of others) await lab.cli(id, "CLUSTER", "DELSLOTS", "50").catch(() => "");
    expect(await found()).toEqual(["slot_nobody"]);
    expect((await run("fix")).code).toBe(4);
    const planned = await run("fix", "--take", "--dry-run");
    for (const command of ["SETSLOT 50 STABLE", "ADDSLOTS 50", "BUMPEPOCH"]) expect(planned.stdout).toContain(command);
    await expectMended("--take");
    expect(await owner.say("GET", keys[0] ?? "")).toBe(`value of ${keys[0]}`);
  });
});

/** Has the replica of a shard take over, as an operator would. */
async function promoteIn(lab: TestLab, ...members: string[]): Promise<void> {
  const leader = await leaderOf(lab, ...members);
  const replica = members.find((id) => id !== leader.id) ?? "";
  await lab.cli(replica, "CLUSTER", "FAILOVER");
  await until(async () => (await lab.cli(replica, "ROLE")).startsWith("master"));
  await until(async () => (await lab.cli(leader.id, "ROLE")).startsWith("slave"));
}

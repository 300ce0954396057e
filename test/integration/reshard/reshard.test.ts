import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentsOf, fillCluster } from "../../support/cluster-load.ts";
import { keysIn, leaderOf, migrate } from "../../support/half-moves.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { amidst, connectTo } from "../../support/mid-move.ts";
import {
  complaints,
  expectSame,
  heard,
  moved,
  reshard,
  slotsOf,
  startReshard,
  unnoticed,
} from "../../support/reshards.ts";
import { goOn, said, signal } from "../../support/signalled.ts";
import { until } from "../../support/until.ts";

describe("redisha reshard", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
    await fillCluster(lab, "redis-7.0");
  });
  afterAll(() => lab.down());

  it("says beforehand how much it is, and which keys are large, and changes nothing", async () => {
    // Slot 0 is that of the key 3560, by CLUSTER KEYSLOT.
    expect(await lab.cli("r1:6379", "CLUSTER", "KEYSLOT", "3560")).toBe("0");
    await lab.cli("r1:6379", "SETRANGE", "3560", "20000000", "end");
    const { code, stdout } = await reshard(lab, "--to", "r3", "--slots", "0-49,16000-16383", "--dry-run");
    const { steps } = JSON.parse(stdout).result;
    const survey = steps.find(({ step }: { step: string }) => step === "survey");
    expect(code).toBe(0);
    expect(survey.note).toMatch(/^r1:6379: 50 slots, \d+ keys, about .* 3560 is \d+\.\d MiB and may keep its server/);
    expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    // At the few bytes a second of a test below it would be on its way for a quarter of an hour.
    await lab.cli("r1:6379", "DEL", "3560");
  });

  it("moves slots from two primaries at once, and back, while no client notices", () =>
    unnoticed(lab, async () => {
      const { code, stdout, stderr } = await reshard(lab, "--to", "r3", "--slots", "600");
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      const { slots, keys, retries } = JSON.parse(stdout).result;
      expect({ slots, retries }).toEqual({ slots: 600, retries: 0 });
      expect(keys).toBeGreaterThan(100);
      await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461 + 600);
      const back = await goOn(lab, "rollback");
      expect({ code: back.code, stderr: back.code === 0 ? "" : back.stderr }).toEqual({ code: 0, stderr: "" });
      await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    }));

  it("has the target tell all nodes of many slots at once, and not of each", () =>
    unnoticed(lab, async () => {
      const told = async () =>
        Number(/messages_pong_sent:(\d+)/.exec(await lab.cli("r3:6379", "CLUSTER", "INFO"))?.[1] ?? 0);
      const before = await told();
      expect((await reshard(lab, "--to", "r3", "--slots", "1200")).code).toBe(0);
      // Five other nodes; what the others ask of it by themselves meanwhile is some ten a second.
      expect((await told()) - before).toBeLessThan(1_200);
      expect((await goOn(lab, "rollback")).code).toBe(0);
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    }));

  it("moves no more bytes a second than it is told to, and says so beforehand", () =>
    unnoticed(lab, async () => {
      const limited = ["--to", "r3", "--slots", "300", "--bandwidth", "20kb"];
      const planned = await reshard(lab, ...limited, "--dry-run");
      expect(planned.stdout).toContain("20.0 KiB a second from all sources at most");
      const { code, stdout } = await reshard(lab, ...limited);
      expect(code).toBe(0);
      const { keys, keys_per_second: rate } = JSON.parse(stdout).result;
      expect(keys).toBeGreaterThan(50);
      // Each takes more than a hundred bytes in memory, and what goes at once is a tenth of a second's worth.
      expect(rate).toBeLessThan((20 * 1_024) / 100);
      expect((await goOn(lab, "rollback")).code).toBe(0);
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    }));

  it.each([
    ["resume", 100, 5_461 + 1_500],
    ["rollback", 100, 5_461],
  ] as const)("is gone on with (%s) where it was killed with %i slots moved", (how, slots, owned) =>
    unnoticed(lab, async () => {
      const child = startReshard(lab, "--from", "r1", "--to", "r3", "--slots", "1500", "--max-latency", "1ms");
      await said(child, moved(slots));
      await signal(child, "SIGKILL");
      const { code, stderr } = await goOn(lab, how);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
      expect(await slotsOf(lab, "r3:6379")).toBe(owned);
      if (how === "resume") await goOn(lab, "rollback");
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    }),
  );

  it("is taken back with no mark left where it was killed as the target had taken a slot and the source had not been told", () =>
    unnoticed(lab, async () => {
      const slot = 100;
      const keys = keysIn(slot, 60);
      for (const key of keys) await lab.cli("r1:6379", "SET", key, "v".repeat(500));
      const target = await connectTo(lab, "r3:6379");
      const child = startReshard(lab, "--to", "r3", "--slots", `${slot}-${slot}`, "--bandwidth", "5kb");
      const ended = once(child, "exit");
      await amidst(child, target, { slot, keys: 5 }, () => child.kill("SIGKILL"));
      target.disconnect();
      await ended;
      const [from, to] = [await leaderOf(lab, "r1:6379"), await leaderOf(lab, "r3:6379")];
      await migrate(from, to, keys);
      await to.say("CLUSTER", "SETSLOT", `${slot}`, "NODE", to.nodeId);
      await until(async () => (await from.say("CLUSTER", "NODES")).includes("0-99 101-"));
      const back = await goOn(lab, "rollback");
      expect({ code: back.code, stderr: back.code === 0 ? "" : back.stderr }).toEqual({ code: 0, stderr: "" });
      expect(await from.say("CLUSTER", "NODES")).not.toContain(`[${slot}->-`);
      await from.say("DEL", ...keys);
      await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    }));

  it("stops at Ctrl-C with no slot half moved, and can be gone on with", () =>
    unnoticed(lab, async () => {
      const child = startReshard(lab, "--from", "r2", "--to", "r1", "--slots", "1500", "--max-latency", "1ms");
      await said(child, moved(50));
      await signal(child, "SIGINT");
      expect(child.exitCode).toBe(7);
      await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
      const stopped = await slotsOf(lab, "r1:6379");
      expect(stopped).toBeLessThan(5_461 + 1_500);
      expect((await goOn(lab, "resume")).code).toBe(0);
      expect(await slotsOf(lab, "r1:6379")).toBe(5_461 + 1_500);
      expect((await goOn(lab, "rollback")).code).toBe(0);
    }));

  it("empties a primary, which stays one, and fills it again", () =>
    unnoticed(lab, async () => {
      expect((await reshard(lab, "--from", "r2", "--to", "r1", "--slots", "5462")).code).toBe(0);
      expect(await lab.cli("r2:6379", "ROLE")).toMatch(/^master/);
      expect(await lab.cli("r2:6379", "CONFIG", "GET", "cluster-allow-replica-migration")).toMatch(/yes$/);
      expect((await goOn(lab, "rollback")).code).toBe(0);
      expect(await slotsOf(lab, "r2:6379")).toBe(5_462);
      await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    }));

  it("goes on by itself when the source is killed and its replica takes over", async () => {
    const before = await contentsOf(lab);
    const child = startReshard(lab, "--from", "r1", "--to", "r3", "--slots", "2000", "--max-latency", "1ms");
    await said(child, moved(100));
    const told = heard(child);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await lab.kill("r1:6379");
    const code = await ended;
    expect({ code, why: code === 0 ? "" : told() }).toEqual({ code: 0, why: "" });
    expect(await slotsOf(lab, "r3:6379")).toBe(5_461 + 2_000);
    await lab.restart("r1:6379");
    await until(async () => (await lab.cli("r1:6379", "ROLE").catch(() => "")).startsWith("slave"));
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
    await expectSame(lab, before);
  });
});

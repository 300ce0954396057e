import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bringUpLab } from "../../support/lab.ts";
import { settled, switchOver, topologyOf } from "../../support/switchovers.ts";
import { lostOf, startWriters } from "../../support/writers.ts";

describe("a switchover under load from sixteen writers", () => {
  it.each(["redis-6.0", "redis-7.0", "redis-8.0", "valkey-9.1"] as const)(
    "loses no acknowledged write on %s, there and back",
    async (engine) => {
      await using lab = await bringUpLab({ topology: "sentinel", engine, downAfterMs: 5_000 });
      for (const to of ["r2:6379", "r1:6379"]) {
        const writers = startWriters(lab);
        await delay(500);
        const { code, stdout, stderr } = await switchOver(lab, "--to", to);
        expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
        expect(JSON.parse(stdout).result.moved).toEqual([{ from: to === "r1:6379" ? "r2:6379" : "r1:6379", to }]);
        await delay(300);
        await writers.stop();
        expect(await settled(lab)).toBe(to);
        expect(writers.acked.length).toBeGreaterThan(1_000);
        expect(await lostOf(lab, to, writers)).toEqual([]);
      }
      // Nothing that was relaxed stays: not in memory, not in the files that Sentinel had rewritten.
      for (const { id } of lab.status.processes.filter(({ service }) => service === "redis")) {
        expect(await lab.cli(id, "CONFIG", "GET", "replica-priority")).toBe("replica-priority\n100");
        expect(await lab.cli(id, "CONFIG", "GET", "min-replicas-to-write")).toBe("min-replicas-to-write\n0");
      }
    },
  );

  it("loses none in a cluster whose host is emptied", async () => {
    await using lab = await bringUpLab({ topology: "cluster" });
    const writers = startWriters(lab);
    await delay(500);
    expect((await switchOver(lab, "--from", "r1")).code).toBe(0);
    await delay(300);
    await writers.stop();
    const { nodes } = await topologyOf(lab);
    expect(nodes.filter(({ host, role }) => host === "r1" && role === "primary")).toEqual([]);
    expect(await lostOf(lab, "r2:6379", writers)).toEqual([]);
  });

  it.each([
    ["redis-7.0", "failover"],
    ["redis-6.0", "by_hand"],
  ] as const)("moves a group without Sentinel on %s, every replica along (%s)", async (engine, method) => {
    await using lab = await bringUpLab({ topology: "replication", engine });
    const { stdout } = await switchOver(lab, "--to", "r3");
    expect(JSON.parse(stdout).result).toMatchObject({ status: "done", method });
    expect(await settled(lab)).toBe("r3:6379");
    await lab.kill("r1");
    await lab.restart("r1");
    expect(await settled(lab)).toBe("r3:6379");
  });

  it("works with users, passwords and TLS", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", auth: "acl", tls: true });
    const { code, stderr } = await switchOver(lab, "--to", "r3");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(await settled(lab)).toBe("r3:6379");
  });
});

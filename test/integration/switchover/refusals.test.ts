import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { orderFailover } from "../../../src/actions/sentinel/order-failover.ts";
import { loadInventory } from "../../../src/inventory/load-inventory.ts";
import { openSession } from "../../../src/use-cases/session.ts";
import { cutLink } from "../../support/cut-link.ts";
import { runOn } from "../../support/drills.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { settled, switchOver } from "../../support/switchovers.ts";
import { until } from "../../support/until.ts";

let lab: TestLab;
afterAll(() => lab?.down());

/** Two million bytes that a replica which is cut off does not get. */
const fallBehind = (primary: string) =>
  lab.cli(`${primary}:6379`, "EVAL", "redis.call('SET', KEYS[1], string.rep('x', 2000000))", "1", "much");

async function failureOf(...flags: string[]) {
  const { code, stdout } = await switchOver(lab, ...flags);
  const { error } = JSON.parse(stdout);
  return { exit: code, code: error?.code, state: error?.state, message: error?.message, next: error?.next };
}

/** How often a server began to change places with a replica. */
async function failovers(primary: string): Promise<number> {
  const stats = await lab.cli(`${primary}:6379`, "INFO", "commandstats");
  return Number(/^cmdstat_failover:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

/** Nothing moved, and it takes writes. */
async function expectUnmoved(primary = "r1"): Promise<void> {
  expect(await lab.cli(`${primary}:6379`, "ROLE")).toMatch(/^master/);
  expect(await lab.cli(`${primary}:6379`, "SET", "on", "1")).toBe("OK");
}

describe("a switchover with Sentinel that is refused", () => {
  beforeAll(async () => {
    lab = await bringUpLab({
      topology: "sentinel",
      engine: "valkey-9.1",
      auth: "acl",
      downAfterMs: 5_000,
      failoverTimeoutMs: 60_000,
      // A busy machine would see the end of a link that is cut, before it has come to what is tried on it.
      config: { "repl-timeout": "600" },
    });
  });
  beforeEach(() => settled(lab));

  it.each(["failover", "client|pause"])(
    "by the rights of Sentinel's own user, who lacks %s, is so before anything is changed, and says what to type",
    async (command) => {
      const servers = ["r1:6379", "r2:6379", "r3:6379"];
      for (const id of servers) await lab.cli(id, "ACL", "SETUSER", "sentinel", `-${command}`);
      const { exit, code, next } = await failureOf("--to", "r2");
      expect({ exit, code }).toEqual({ exit: 4, code: "SENTINEL_LACKS_FAILOVER" });
      expect(next.join("\n")).toContain(`ACL SETUSER sentinel +${command}, then`);
      expect(next.join("\n")).toContain("--method fence");
      await expectUnmoved();
      for (const id of servers) await lab.cli(id, "ACL", "SETUSER", "sentinel", `+${command}`);
    },
  );

  it("because that Sentinel knows of no good replica yet is tried again until it does", async () => {
    const priority = (value: string) =>
      Promise.all(["r2:6379", "r3:6379"].map((id) => lab.cli(id, "CONFIG", "SET", "replica-priority", value)));
    await priority("0");
    const seen = async (id: string) => (await lab.cli(id, "SENTINEL", "REPLICAS", "mymaster")).split("\n");
    const knowsZero = (lines: string[]) =>
      lines
        .flatMap((line, n) => (/^(slave|replica)-priority$/.test(line) ? [lines[n + 1]] : []))
        .every((v) => v === "0");
    await until(async () => (await Promise.all(["r1:26379", "r2:26379", "r3:26379"].map(seen))).every(knowsZero));
    // Sentinel looks every ten seconds.
    await priority("100");
    const { summary, outputs } = await runOn(
      lab,
      `
steps:
  - id: switch
    action: sentinel.switchover
    targets: { role: primary }
    with: { alignment: 0ms, patience: 30s }
    undo: { action: replication.unfence, with: { was: "\${{ before.guard }}" }, armed: 30s }
`,
    );
    expect(summary.error).toBeNull();
    expect(outputs.switch).toMatchObject({ from: "r1:6379" });
  });

  it("because a failover is under way already is tried again when that is over", async () => {
    const [deployment] = (await loadInventory(lab.file)).deployments;
    if (!deployment) throw new Error("no deployment");
    const session = openSession(deployment, new AbortController().signal);
    try {
      const sentinel = deployment.instances.find(({ id }) => id === "r1:26379");
      if (!sentinel) throw new Error("no Sentinel");
      const connection = await session.live.connections.redis(sentinel);
      const order = () =>
        orderFailover(
          { id: sentinel.id, connection },
          ["SENTINEL", "FAILOVER", "mymaster"],
          async () => undefined,
          60_000,
        );
      await order();
      expect((await connection.pipeline([["SENTINEL", "FAILOVER", "mymaster"]]))[0]).toMatchObject({
        message: expect.stringContaining("INPROG"),
      });
      await order();
    } finally {
      await session.close();
    }
  });

  it("because its target lags is so at once where the lag is seen, and else when it does not catch up", async () => {
    const [primary = ""] = (await settled(lab)).split(":");
    const to = primary === "r2" ? "r3" : "r2";
    using _ = cutLink(lab, primary, to);
    await fallBehind(primary);
    expect(await failureOf("--to", to)).toMatchObject({ exit: 4, code: "ASSERT_FAILED" });
    await expectUnmoved(primary);
    // The primary was ordered to fail over, and that is called off: it would stand still for all of failover-timeout.
    const ordered = await failovers(primary);
    expect(await failureOf("--to", to, "--max-lag", "100mb")).toMatchObject({ exit: 1, code: "FAILOVER_STUCK" });
    expect(await failovers(primary)).toBeGreaterThan(ordered);
    expect(await lab.cli(`${primary}:6379`, "INFO", "replication")).toContain("master_failover_state:no-failover");
    await expectUnmoved(primary);
    expect(await failureOf("--to", to, "--max-lag", "100mb", "--method", "fence")).toMatchObject({
      exit: 1,
      code: "REPLICA_BEHIND",
      state: expect.stringContaining("takes writes"),
    });
    await expectUnmoved(primary);
  });
});

describe("a switchover without Sentinel", () => {
  beforeAll(async () => {
    await lab?.down();
    lab = await bringUpLab({ topology: "replication", replicas: 1 });
  });

  it("is given up by the servers themselves where the target does not catch up, and writes go on", async () => {
    using _ = cutLink(lab, "r1", "r2");
    await fallBehind("r1");
    expect(await failureOf("--max-lag", "100mb")).toMatchObject({
      exit: 1,
      code: "FAILOVER_STUCK",
      state: expect.stringContaining("takes writes"),
    });
    await expectUnmoved();
  });

  it("because the servers are still at one that a process ordered which is gone waits for that", async () => {
    const cut = cutLink(lab, "r1", "r2");
    await fallBehind("r1");
    await lab.cli("r1:6379", "FAILOVER", "TO", addressOf(lab, "r2"), "6379", "TIMEOUT", "300000");
    const ordered = await failovers("r1");
    const run = runOn(
      lab,
      `
steps:
  - id: switch
    action: replication.failover
    targets: { role: primary }
    with: { to: "r2:6379", patience: 5m }
    undo: none
    timeout: 10m
`,
    );
    await until(async () => (await failovers("r1")) > ordered);
    cut[Symbol.dispose]();
    const { summary, outputs } = await run;
    expect(summary.error).toBeNull();
    expect(outputs.switch).toMatchObject({ from: "r1:6379", to: "r2:6379" });
  });
});

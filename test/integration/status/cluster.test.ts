import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";
import { expectFinding, look } from "../../support/status.ts";
import { until } from "../../support/until.ts";

describe("status of a cluster", () => {
  let lab: TestLab;
  beforeAll(async () => {
    // Long enough for the cluster to leave everything as a test makes it.
    lab = await bringUpLab({ topology: "cluster", auth: "acl", downAfterMs: 60_000 });
  });
  afterAll(() => lab?.down());
  afterEach(async () => {
    const dead = (await lab.ps()).filter(({ state }) => state !== "running").map(({ id }) => id);
    if (dead.length > 0) await lab.restart(...dead);
    // One look at a time: two at once may see it before and after.
    await until(async () => (await redisha(["status", "--file", lab.file])).code === 0);
  });

  it("shows the move of a slot that was broken off, with both of its ends", async () => {
    const [from, to] = [await idOf("r1"), await idOf("r2")];
    await lab.cli("r1:6379", "CLUSTER", "SETSLOT", "100", "MIGRATING", to);
    await lab.cli("r2:6379", "CLUSTER", "SETSLOT", "100", "IMPORTING", from);
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "slots_open", { severity: "warning", message: /100.*r1:6379.*r2:6379/, next: /\S/ });
    await lab.cli("r2:6379", "CLUSTER", "SETSLOT", "100", "STABLE");
    const half = await look(lab.file);
    expectFinding(half, "slots_open", { message: /100/ });
    await lab.cli("r1:6379", "CLUSTER", "SETSLOT", "100", "STABLE");
  });

  it("counts slots that belong to nobody, and names them", async () => {
    // The owner first: from it the others would hear of the slots again.
    const hosts = ["r1", "r2", "r3", "r4", "r5", "r6"];
    for (const host of hosts) await lab.cli(`${host}:6379`, "CLUSTER", "DELSLOTSRANGE", "10", "12").catch(() => "");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "critical" });
    expectFinding(seen, "slots_uncovered", { severity: "critical", message: /10-12|3 slots/, next: /\S/ });
    await lab.cli("r1:6379", "CLUSTER", "ADDSLOTSRANGE", "10", "12");
  });

  it("says of a killed primary which replica can take its place", async () => {
    await lab.kill("r1:6379");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9 });
    expectFinding(seen, "instance_unreachable", { subject: "r1:6379", message: /REDIS_REFUSED/ });
    expect(seen.verdict.state).toBe("critical");
    expectFinding(seen, "shard_primary_down", { severity: "critical", message: /r\d:6379/, next: /\S/ });
  });

  it("says of a shard without any living node that its slots are gone", async () => {
    const replica = await replicaOf("r1");
    await lab.kill("r1:6379");
    await lab.kill(replica);
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "critical" });
    expectFinding(seen, "slots_uncovered", { severity: "critical", message: /0-5460|5461 slots/, next: /\S/ });
    expect(seen.verdict.tolerance.failures).toBe(-1);
  });

  it("says of a killed replica that its shard has none left", async () => {
    await lab.kill(await replicaOf("r2"));
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "shard_without_replica", { severity: "warning", message: /r2:6379/, next: /\S/ });
  });

  async function idOf(host: string): Promise<string> {
    return lab.cli(`${host}:6379`, "CLUSTER", "MYID");
  }

  async function replicaOf(host: string): Promise<string> {
    const id = await idOf(host);
    const nodes = await lab.cli("r3:6379", "CLUSTER", "NODES");
    const line = nodes.split("\n").find((each) => each.includes(`slave ${id}`));
    const found = lab.status.processes.find(({ address }) => line?.includes(`${address}:`));
    if (!found) throw new Error(`no replica of ${addressOf(lab, host)} in\n${nodes}`);
    return `${found.host}:6379`;
  }
});

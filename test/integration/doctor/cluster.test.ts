import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeBus } from "../../support/close-bus.ts";
import { doctor, evidenceOf, mend } from "../../support/doctor.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { preflight } from "../../support/preflight.ts";
import { until } from "../../support/until.ts";

describe("doctor of a Cluster", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", downAfterMs: 60_000 });
  });
  afterAll(() => lab?.down());

  it("finds nothing where nothing is wrong, and tries the bus, too", async () => {
    const seen = await doctor(lab.file);
    expect(seen.report).toMatchObject({ diagnoses: [], not_seen: [] });
    expect(seen.report.seen.connections).toBe(
      lab.status.processes.filter(({ service }) => service === "redis").length * 10,
    );
  });

  it("tells a bus that is closed from a server that is down", async () => {
    const [node] = lab.status.processes.filter(({ service }) => service === "redis");
    if (!node) throw new Error("the lab has no node");
    using _ = closeBus(node.address, node.port + 10_000);
    const seen = await doctor(lab.file, "--only", "closed-bus,server-down");
    expect(new Set(seen.causes)).toEqual(new Set(["closed-bus"]));
    expect(evidenceOf(seen.of("closed-bus"))).toMatch(/\(bus\), port 16379: no answer within 5 s/);
    expect(evidenceOf(seen.of("closed-bus"))).toMatch(/port 6379: open/);
  });

  it("finds a shard whose replica does not stand for election, and has it stand again", async () => {
    const roles = await Promise.all(
      ["r4:6379", "r5:6379", "r6:6379"].map(async (id) => ({ id, role: await lab.cli(id, "ROLE") })),
    );
    const kept = roles.find(({ role }) => role.startsWith("slave"))?.id ?? "";
    await lab.cli(kept, "CONFIG", "SET", "cluster-replica-no-failover", "yes");
    const look = () => doctor(lab.file, "no-failover", "--only", "no-candidate");
    const priorities = async () => (await preflight(lab.file, ["--only", "replica-priorities"])).verdicts;
    expect(await priorities()).toEqual({ "replica-priorities": "fail" });
    const found = (await look()).of("no-candidate");
    expect(found).toMatchObject({ severity: "warning", confidence: "certain", subjects: [kept] });
    await mend(lab.file, found);
    expect((await look()).causes).toEqual([]);
    expect(await priorities()).toEqual({ "replica-priorities": "pass" });
    expect(await lab.cli(kept, "CONFIG", "GET", "cluster-replica-no-failover")).toMatch(/no$/);
  });

  it("finds slots without anybody who serves them, by the shard that is dead, and nothing once it is back", async () => {
    const slots = await lab.cli("r1:6379", "CLUSTER", "NODES");
    const [id = ""] =
      slots
        .split("\n")
        .find((line) => line.includes("myself"))
        ?.split(" ") ?? [];
    const replica = slots
      .split("\n")
      .find((line) => line.includes(` slave ${id} `))
      ?.split(" ")[1]
      ?.split(":")[0];
    const other = lab.status.processes.find(({ address, service }) => address === replica && service === "redis");
    const shard = ["r1:6379", other?.id ?? ""];
    for (const each of shard) await lab.kill(each);
    const seen = await doctor(lab.file, "CLUSTERDOWN");
    expect(new Set(seen.causes)).toEqual(new Set(["slots-uncovered", "server-down"]));
    expect(seen.of("slots-uncovered")).toMatchObject({ severity: "critical", confidence: "certain" });
    expect(seen.of("slots-uncovered").next.join("\n")).toMatch(/start a node of .* again: only it has these keys/);
    await lab.restart(...shard);
    await until(async () => (await lab.cli("r2:6379", "CLUSTER", "INFO")).includes("cluster_state:ok"));
    await expect.poll(async () => (await doctor(lab.file, "cluster-down")).causes, { timeout: 60_000 }).toEqual([]);
  });
});

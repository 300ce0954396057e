import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";
import { expectFinding, look } from "../../support/status.ts";
import { until } from "../../support/until.ts";

describe("status, before Sentinel acts,", () => {
  let lab: TestLab;
  beforeAll(async () => {
    // Long enough for Sentinel to leave everything as a test makes it.
    lab = await bringUpLab({ auth: "acl", downAfterMs: 60_000 });
  });
  afterAll(() => lab?.down());
  afterEach(async () => {
    const dead = (await lab.ps()).filter(({ state }) => state !== "running").map(({ id }) => id);
    if (dead.length > 0) await lab.restart(...dead);
    // One look at a time: two at once may see it before and after.
    await until(async () => (await redisha(["status", "--file", lab.file])).code === 0);
  });

  it("says of a killed primary that nothing can be written, and to watch for the failover", async () => {
    await lab.kill("r1:6379");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "critical", topology: { primary_id: null } });
    expectFinding(seen, "no_primary", { severity: "critical", next: /redisha status --watch/ });
    expectFinding(seen, "instance_unreachable", { subject: "r1:6379", message: /REDIS_REFUSED/ });
    expect(seen.text).toMatch(/r1:6379 .*✖ refused/);
    expect(seen.text).toMatch(/r2:6379 +replica/);
  });

  it("says of a killed replica that the deployment serves, and bears less", async () => {
    await lab.kill("r3:6379");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded", topology: { primary_id: "r1:6379" } });
    expectFinding(seen, "instance_unreachable", { subject: "r3:6379", severity: "warning", next: /\S/ });
    expect(seen.text).toContain("r2:6379");
  });

  it("says that with all replicas dead the data has one copy, whatever CKQUORUM says", async () => {
    await lab.kill("r2:6379");
    await lab.kill("r3:6379");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "critical", topology: { primary_id: "r1:6379" } });
    expectFinding(seen, "no_promotable_replica", { severity: "critical", next: /\S/ });
    expectFinding(seen, "ckquorum_misleading", { message: /OK/ });
    expect(seen.verdict.tolerance.failures).toBe(0);
  });

  it("says of one dead Sentinel that a failover is still possible", async () => {
    await lab.kill("r3:26379");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "sentinel_unreachable", { subject: "r3:26379", message: /REDIS_REFUSED/, next: /\S/ });
    expect(seen.ids).not.toContain("quorum_lost");
    expect(seen.ids).not.toContain("majority_lost");
    expect(seen.text).toMatch(/SENTINELS {2}2 of 3 up/);
  });

  it("says of two dead Sentinels that there is no failover any more", async () => {
    await lab.kill("r2:26379");
    await lab.kill("r3:26379");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "quorum_lost", { message: /quorum/, next: /\S/ });
    expectFinding(seen, "majority_lost", { message: /majority/, next: /\S/ });
    expect(seen.verdict.tolerance.failures).toBe(0);
  });

  it("finds the wrong masterauth behind a link that is down", async () => {
    await lab.cli("r2:6379", "CONFIG", "SET", "masterauth", "not-the-password");
    await lab.cli("r2:6379", "CLIENT", "KILL", "TYPE", "master");
    await until(async () => (await lab.cli("r2:6379", "ROLE")).includes("connect\n"));
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded", topology: { primary_id: "r1:6379" } });
    expectFinding(seen, "link_down", { subject: "r2:6379", message: /masterauth/, next: /masterauth/ });
    expect(seen.text).not.toContain("not-the-password");
    await lab.restart("r2:6379");
  });

  it("finds two primaries, and says which of them Sentinel names", async () => {
    // A test before this one started it again: for half a minute a primary may still be one that has just come back.
    await until(
      async () => Number(/uptime_in_seconds:(\d+)/.exec(await lab.cli("r3:6379", "INFO", "server"))?.[1]) >= 30,
    );
    await lab.cli("r3:6379", "REPLICAOF", "NO", "ONE");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "critical" });
    const found = expectFinding(seen, "two_primaries", {
      severity: "critical",
      message: /r1:6379.*r3:6379/,
      next: /redis-cli .* REPLICAOF/,
    });
    expect(found.next.join("\n")).toContain(addressOf(lab, "r3"));
    await lab.cli("r3:6379", "REPLICAOF", addressOf(lab, "r1"), "6379");
  });

  it("finds Sentinels that name different primaries", async () => {
    await lab.cli("r3:26379", "SENTINEL", "REMOVE", "mymaster");
    await lab.cli("r3:26379", "SENTINEL", "MONITOR", "mymaster", addressOf(lab, "r2"), "6379", "2");
    const seen = await look(lab.file);
    expect(seen).toMatchObject({ exit: 9, state: "critical" });
    expectFinding(seen, "sentinels_disagree", {
      severity: "critical",
      message: /r1:6379.*r2:6379|r2:6379.*r1:6379/s,
      next: /SENTINEL/,
    });
    const view = await look(lab.file, "--sentinels-view");
    expect(view.text).toMatch(/r3:26379/);
    await lab.down();
    lab = await bringUpLab({ auth: "acl", downAfterMs: 60_000 });
  });
});

it("says after a failover who is primary now, and that one instance is gone", async () => {
  await using lab = await bringUpLab({ downAfterMs: 500 });
  await lab.kill("r1:6379");
  await until(async () => {
    const { topology, ids } = await look(lab.file);
    return topology.primary_id !== null && !ids.includes("failover_in_progress") && !ids.includes("link_down");
  });
  const seen = await look(lab.file);
  expect(seen).toMatchObject({ exit: 9, state: "degraded" });
  expect(seen.topology.primary_id).toMatch(/^r[23]:6379$/);
  expectFinding(seen, "instance_unreachable", { subject: "r1:6379", message: /REDIS_REFUSED/ });
  expectFinding(seen, "primary_moved", { severity: "info", message: /r1:6379/ });
  expect(seen.ids).not.toContain("no_primary");

  await lab.restart("r1:6379");
  const back = await look(lab.file);
  const twice = expectFinding(back, "two_primaries", {
    severity: "critical",
    message: /r1:6379 came back only \d+ s ago/,
    next: /^wait 15 s and look again/,
    varies: true,
  });
  expect(twice.next.join("\n")).not.toContain("min-replicas-to-write");
});

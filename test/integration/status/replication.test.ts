import { expect, it } from "vitest";
import { addressOf, bringUpLab } from "../../support/lab.ts";
import { expectFinding, look, variant } from "../../support/status.ts";
import { until } from "../../support/until.ts";

it("shows replication without Sentinel, a replica of a replica in its place, and that nothing promotes anybody", async () => {
  await using lab = await bringUpLab({ topology: "replication", subReplica: true });
  const healthy = await look(lab.file);
  expect(healthy).toMatchObject({ exit: 0, state: "healthy", topology: { primary_id: "r1:6379", sentinels: [] } });
  expectFinding(healthy, "sub_replica", { subject: "r4:6379", severity: "info", message: /r2:6379/ });
  expect(healthy.verdict.tolerance.failures).toBe(0);
  expect(healthy.text).toMatch(/├─ r2:6379 +replica.*\n│ +└─ r4:6379 +replica/);
  expect(healthy.text).not.toContain("SENTINELS");

  const unlisted = await look(await variant(lab, "shorter", { "redis.on": ["r1", "r2", "r4"] }));
  expect(unlisted).toMatchObject({ exit: 9, state: "degraded" });
  const address = `${addressOf(lab, "r3")}:6379`;
  expectFinding(unlisted, "unlisted_replica", { message: new RegExp(address), next: /redisha\.yaml/ });
  expect(unlisted.topology.nodes).toContainEqual(
    expect.objectContaining({ address: addressOf(lab, "r3"), listed: false, primary_id: "r1:6379" }),
  );
  expect(unlisted.text).toContain(`not in redisha.yaml: ${address}`);

  await lab.kill("r1:6379");
  const dead = await look(lab.file);
  expect(dead).toMatchObject({ exit: 9, state: "critical", topology: { primary_id: null } });
  expectFinding(dead, "no_primary", { severity: "critical", next: /REPLICAOF NO ONE/ });
  expect(dead.verdict.tolerance.failures).toBe(-1);
});

it("says without Sentinel, too, that a primary whose replicas are all dead holds the only copy", async () => {
  await using lab = await bringUpLab({ topology: "replication", replicas: 1 });
  await lab.kill("r2:6379");
  const seen = await look(lab.file);
  expect(seen).toMatchObject({ exit: 9, state: "critical", topology: { primary_id: "r1:6379" } });
  expectFinding(seen, "no_live_replica", { severity: "critical", message: /Only r1:6379/, next: /\S/ });
});

it("says that nothing could be reached, exit 6, where every host is dead", async () => {
  await using lab = await bringUpLab({ topology: "replication", replicas: 1 });
  for (const host of ["r1", "r2"]) await lab.kill(host);
  const seen = await look(lab.file);
  expect(seen).toMatchObject({ exit: 6, state: "unreachable" });
  expectFinding(seen, "instance_unreachable", { subject: "r1:6379", message: /SSH_REFUSED/, next: /ssh|sshd/ });
  expectFinding(seen, "instance_unreachable", { subject: "r2:6379" });
});

it("says that replicas too few for min-replicas-to-write block every write", async () => {
  await using lab = await bringUpLab({ topology: "replication", config: { "min-replicas-to-write": "2" } });
  await lab.kill("r3:6379");
  await until(async () => (await lab.cli("r1:6379", "INFO", "replication")).includes("connected_slaves:1"));
  const seen = await look(lab.file);
  expect(seen).toMatchObject({ exit: 9, state: "critical" });
  expectFinding(seen, "min_replicas_blocks_writes", { severity: "critical", message: /NOREPLICAS|min-replicas/ });
});

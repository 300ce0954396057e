import { expect, it } from "vitest";
import { backedUpLab } from "../../support/backed-up-lab.ts";
import { expectClusterRoundTrip } from "../../support/round-trips.ts";

// The other engines: test/soak/restore-engines.test.ts.
it("a restore of a Cluster brings back every shard, with the slots and roles that it had", async () => {
  expect(await expectClusterRoundTrip("valkey-9.1", "yes")).toBeDefined();
});

// Trap 28: what a shard held may be another's by now.
it("a shard whose slots moved since gets nothing back", async () => {
  await using place = await backedUpLab({ topology: "cluster", replicas: 0 });
  const { lab, run } = place;
  expect((await run("backup", { allow_primary: "true" })).error).toBeNull();
  const owner = await lab.cli("r2:6379", "CLUSTER", "MYID");
  for (const node of ["r2:6379", "r1:6379", "r3:6379"]) {
    expect(await lab.cli(node, "CLUSTER", "SETSLOT", "0", "NODE", owner)).toBe("OK");
  }
  expect((await run("restore")).error?.code).toBe("RESTORE_SLOTS_DIFFER");
});

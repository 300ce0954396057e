import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillCluster } from "../../support/cluster-load.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { complaints, slotsOf, unnoticed } from "../../support/reshards.ts";
import { until } from "../../support/until.ts";

/** Asks a node for one key over one connection, whoever owns it, as a client would that never looks at the slots anew. */
function askAlways(lab: TestLab, id: string): { stop(): Promise<void> } {
  const port = Number(id.split(":")[1]);
  const client = new Redis({ host: addressOf(lab, id.split(":")[0] ?? ""), port, protocol: 2 });
  let on = true;
  const asking = (async () => {
    while (on) {
      await client.get("asked").catch(() => undefined);
      await pause(5);
    }
  })();
  return {
    async stop() {
      on = false;
      await asking;
      client.disconnect();
    },
  };
}

describe("nodes of a cluster, in and out", () => {
  let lab: TestLab;
  let env: { REDISHA_STATE_DIR: string };
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", spares: 2, ssh: false, downAfterMs: 5_000 });
    env = { REDISHA_STATE_DIR: join(lab.root, "state") };
    await fillCluster(lab, "redis-7.0", 1_000);
    await lab.cli(
      "r1:6379",
      "FUNCTION",
      "LOAD",
      "#!lua name=lib\nredis.register_function('seven', function() return 7 end)",
    );
  });
  afterAll(() => lab.down());

  const cluster = (...args: string[]): Promise<Ended> =>
    redisha(["cluster", ...args, "--json", "--file", lab.file], { env });
  const done = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster(...args);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout).result;
  };
  const takenBack = async (run: string) => {
    const { code, stderr } = await redisha(["runs", "rollback", run, "--yes", "--file", lab.file], { env });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  };
  const isReplicaOf = async (id: string, primary: string) => {
    const [role, address] = (await lab.cli(id, "ROLE")).split("\n");
    const wanted = lab.status.processes.find((each) => each.id === primary)?.address;
    return role === "slave" && address === wanted;
  };
  const knownTo = async (id: string) => (await lab.cli(id, "CLUSTER", "NODES")).split("\n").length;
  const content = () => expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);

  it("refuses a server that owns slots of its own, and one that redisha.yaml does not list, with what to write there", async () => {
    await lab.cli("r7:6379", "CLUSTER", "ADDSLOTS", "0");
    const full = await cluster("add-node", "r7:6379", "--primary", "--dry-run");
    expect(full.code).toBe(4);
    expect(full.stdout).toContain("It owns slots already");
    await lab.cli("r7:6379", "CLUSTER", "RESET", "HARD");
    const strange = await cluster("add-node", "r9:6379");
    expect(strange.code).toBe(2);
    expect(strange.stdout + strange.stderr).toContain("r9:6379");
  });

  it("takes in a primary with slots and functions, and a replica of it; lets both go; and all of it back: no client notices", () =>
    unnoticed(lab, async () => {
      await lab.cli("r7:6379", "CONFIG", "RESETSTAT");
      const { run: primary } = await done("add-node", "r7:6379", "--primary", "--slots", "300");
      // Clients of ioredis ask again when they hear that; not all do.
      expect(await lab.cli("r7:6379", "INFO", "errorstats")).not.toContain("CLUSTERDOWN");
      expect(await slotsOf(lab, "r7:6379")).toBe(300);
      expect(await lab.cli("r7:6379", "FUNCTION", "LIST")).toContain("seven");
      const { run: replica } = await done("add-node", "r8:6379", "--replica-of", "r7:6379");
      expect(await isReplicaOf("r8:6379", "r7:6379")).toBe(true);

      const late = askAlways(lab, "r7:6379");
      const { run: removal, outputs } = await done("remove-node", "r7:6379", "--grace", "2s");
      await late.stop();
      // Whoever still asks it is told whom to ask, and not only once the last slot is on its way.
      expect(outputs.lingered["r7:6379"].outputs.moved).toBeGreaterThan(0);
      expect(Object.keys(outputs.homes)).toEqual(["r8:6379"]);
      expect(await knownTo("r7:6379")).toBe(1);
      expect(await knownTo("r1:6379")).toBe(7);
      expect(await isReplicaOf("r8:6379", outputs.homes["r8:6379"])).toBe(true);

      await takenBack(removal);
      expect(await slotsOf(lab, "r7:6379")).toBe(300);
      expect(await isReplicaOf("r8:6379", "r7:6379")).toBe(true);
      await content();

      await takenBack(replica);
      await takenBack(primary);
      expect(await lab.cli("r7:6379", "ROLE")).toMatch(/^master/);
      expect(await knownTo("r7:6379")).toBe(1);
      expect(await knownTo("r1:6379")).toBe(6);
      await content();
    }));

  it("puts a server in the place of a primary, which hands over to it, and takes it back", async () => {
    const slots = await slotsOf(lab, "r2:6379");
    await unnoticed(lab, async () => {
      const { run } = await done("replace-node", "r2:6379", "r8:6379", "--grace", "0s", "--yes");
      expect(await slotsOf(lab, "r8:6379")).toBe(slots);
      expect(await knownTo("r2:6379")).toBe(1);
      await takenBack(run);
    });
    expect(await slotsOf(lab, "r2:6379")).toBe(slots);
    expect(await knownTo("r8:6379")).toBe(1);
    await content();
  });

  it("forgets a dead replica everywhere, and warns of a member that could not be told", async () => {
    const gone = await lab.cli("r5:6379", "CLUSTER", "MYID");
    await lab.kill("r5:6379");
    await lab.kill("r6:6379");
    const { code, stdout } = await cluster("remove-node", "r5:6379");
    expect(code).toBe(3);
    expect(JSON.parse(stdout).result.outputs.away).toHaveLength(1);
    expect(await knownTo("r1:6379")).toBe(5);
    await lab.restart("r6:6379");
    await until(async () => (await lab.cli("r6:6379", "INFO", "replication")).includes("master_link_status:up"));
    await done("forget", gone);
    expect(await knownTo("r6:6379")).toBe(5);
  });
});

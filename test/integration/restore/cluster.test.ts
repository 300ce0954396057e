import { describe, expect, it } from "vitest";
import { backedUpLab } from "../../support/backed-up-lab.ts";
import { fillWithEverything } from "../../support/dataset.ts";

describe.each([["valkey-9.1", "yes"] as const])(
  "a restore of a Cluster of %s with appendonly %s",
  (engine, appendonly) => {
    it("brings back every shard, with the slots and roles that it had", async () => {
      await using place = await backedUpLab({
        engine,
        topology: "cluster",
        config: { appendonly, "enable-debug-command": "yes" },
      });
      const { lab, run } = place;
      const nodes = lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);
      const send = (...command: string[]) => lab.cli("r1:6379", ...command);
      await fillWithEverything(send, engine, { cluster: true });
      for (let n = 0; n < 60; n += 1) await send("SET", `key:${n}`, `value ${n}`);
      const digests = () => Promise.all(nodes.map((id) => lab.cli(id, "DEBUG", "DIGEST")));
      const ids = () => Promise.all(nodes.map((id) => lab.cli(id, "CLUSTER", "MYID")));
      const [before, names] = [await digests(), await ids()];
      const backup = await run("backup");
      expect(backup.error).toBeNull();
      for (let n = 0; n < 60; n += 1) await send("DEL", `key:${n}`);
      const restored = await run("restore");
      expect(restored.error).toBeNull();
      expect(restored).toMatchObject({ status: "done", exit: 0 });
      expect(await digests()).toEqual(before);
      expect(await ids()).toEqual(names);
      const state = await send("CLUSTER", "INFO");
      expect(state).toContain("cluster_state:ok");
      expect(await send("CLUSTER", "NODES")).not.toMatch(/fail|\[\d+-[<>]-/);

      // Trap 28: a shard whose slots moved since gets nothing that would be another's.
      const owner = await lab.cli("r2:6379", "CLUSTER", "MYID");
      for (const node of ["r2:6379", "r1:6379", "r3:6379"]) {
        expect(await lab.cli(node, "CLUSTER", "SETSLOT", "0", "NODE", owner)).toBe("OK");
      }
      expect((await run("restore")).error?.code).toBe("RESTORE_SLOTS_DIFFER");
    });
  },
);

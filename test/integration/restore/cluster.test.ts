import { describe, expect, it } from "vitest";
import { backedUpLab } from "../../support/backed-up-lab.ts";
import { fillWithEverything } from "../../support/dataset.ts";

describe.each([["redis-7.0", "no"] as const, ["valkey-9.1", "yes"] as const])(
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
    });
  },
);

import { describe, expect, it } from "vitest";
import { backedUpLab } from "../../support/backed-up-lab.ts";
import { fillWithEverything } from "../../support/dataset.ts";
import { ENGINES } from "../../support/redis.ts";

describe.each(ENGINES.flatMap((engine) => [[engine, "no"] as const, [engine, "yes"] as const]))(
  "a restore of %s with appendonly %s",
  (engine, appendonly) => {
    it("brings back everything that was saved, with replicas and Sentinels as before", async () => {
      const debug = engine === "redis-6.0" ? {} : { "enable-debug-command": "yes" };
      await using place = await backedUpLab({ engine, config: { appendonly, ...debug } });
      const { lab, run } = place;
      const send = (...command: string[]) => lab.cli("r1:6379", ...command);
      await fillWithEverything(send, engine);
      const digest = await send("DEBUG", "DIGEST");
      const backup = await run("backup");
      expect(backup.error).toBeNull();
      await send("SET", "later", "not in the backup");
      await send("DEL", "string");
      const restored = await run("restore");
      expect(restored.error).toBeNull();
      expect(restored).toMatchObject({ status: "done", exit: 0 });
      expect(await send("DEBUG", "DIGEST")).toBe(digest);
      for (const replica of ["r2:6379", "r3:6379"]) {
        expect(await lab.cli(replica, "DEBUG", "DIGEST")).toBe(digest);
        expect(await lab.cli(replica, "INFO", "replication")).toMatch(/link_status:up/);
        expect(await lab.cli(replica, "CONFIG", "GET", "appendonly")).toContain(appendonly);
      }
      expect(await send("CONFIG", "GET", "appendonly")).toContain(appendonly);
      if (engine !== "redis-6.0") expect(await send("FUNCTION", "LIST")).toContain("lib");
      expect(await lab.cli("r1:26379", "SENTINEL", "CKQUORUM", "mymaster")).toContain("OK 3 usable");
      await lab.restart("r1:6379");
      expect(await send("DEBUG", "DIGEST")).toBe(digest);
    });
  },
);

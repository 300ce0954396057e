import { expect, it } from "vitest";
import { backedUpLab } from "../support/backed-up-lab.ts";
import { expectMoment, writeForSeconds } from "../support/moments.ts";

const config = { appendonly: "yes", "aof-timestamp-enabled": "yes" };

it.each(["redis-7.0", "valkey-9.1"] as const)(
  "%s: 50 random seconds come back exactly, or are refused",
  async (engine) => {
    await using place = await backedUpLab({ topology: "replication", replicas: 1, engine, config });
    const written = await writeForSeconds(place, 60);
    expect((await place.run("backup", { method: "aof" })).error).toBeNull();
    const [first = 0, last = 0] = [written[0], written.at(-1)];
    let loaded = 0;
    for (let n = 0; n < 50; n += 1) {
      const second = first - 2 + Math.floor(Math.random() * (last - first + 5));
      if (await expectMoment(place, written, second)) loaded += 1;
    }
    expect(loaded).toBeGreaterThan(30);
  },
);

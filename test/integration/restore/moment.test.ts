import { expect, it } from "vitest";
import { backedUpLab } from "../../support/backed-up-lab.ts";
import { expectMoment, momentOf, writeForSeconds } from "../../support/moments.ts";

const config = { appendonly: "yes", "aof-timestamp-enabled": "yes" };

// Traps: 20 to 24. The bounds and the refusals one by one are in test/unit/restore.
it("a restore to a moment brings back exactly what was written up to it, or refuses", async () => {
  await using place = await backedUpLab({ topology: "replication", replicas: 1, config });
  const { lab, run } = place;
  const written = await writeForSeconds(place, 5);
  const backup = await run("backup", { method: "aof" });
  expect(backup.error).toBeNull();
  const [first = 0, last = 0] = [written[0], written.at(-1)];
  // The window opens when the base was made, which may be some seconds before the first write, and is no hour.
  const loaded: number[] = [];
  for (const second of [first - 3_600, first + 1, last - 1, last + 1]) {
    if (await expectMoment(place, written, second)) loaded.push(second);
  }
  expect(loaded).toEqual([first + 1, last - 1]);

  await lab.cli("r1:6379", "FLUSHALL");
  const moment = last - 2;
  const done = await run("restore", { at: momentOf(moment) });
  expect(done.error).toBeNull();
  const count = written.filter((when) => when <= moment).length;
  for (const node of ["r1:6379", "r2:6379"]) expect(Number(await lab.cli(node, "LLEN", "log"))).toBe(count);
  expect(await lab.cli("r1:6379", "CONFIG", "GET", "appendonly")).toContain("yes");
});

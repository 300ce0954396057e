import { expect, it } from "vitest";
import { showBackup } from "../../src/use-cases/backup/list-backups.ts";
import { backupOf, backupPlace, labName } from "../support/backup.ts";
import { causesIn, writeCauses } from "../support/causal-writer.ts";
import { bringUpLab } from "../support/lab.ts";

const { signal } = new AbortController();
const SETS = 20;

it(`${SETS} of ${SETS} sets behind a fence hold no effect without its cause, while writes go on`, async () => {
  await using lab = await bringUpLab({ name: labName(), topology: "cluster" });
  await using place = await backupPlace(lab);
  let done = false;
  const writing = writeCauses(lab, () => done);
  const pauses: number[] = [];
  const retries: string[] = [];
  try {
    for (let set = 0; set < SETS; set += 1) {
      const summary = await place.backUp();
      // A pause that ran out on a busy machine is refused, and is no set at all.
      if (summary.error?.code === "FENCE_EXPIRED") {
        retries.push(summary.error.message);
        expect(retries.length).toBeLessThan(SETS);
        set -= 1;
        continue;
      }
      const id = backupOf(summary);
      const { manifest } = await showBackup(place.deployment, id, signal);
      expect(manifest.consistency.mode).toBe("fenced");
      pauses.push(manifest.consistency.pause_ms ?? Number.NaN);
      const { cause, effect } = await causesIn(place.deployment, id);
      expect(effect).toBeGreaterThan(0);
      expect([cause, cause - 1]).toContain(effect);
    }
  } finally {
    done = true;
  }
  expect(await writing).toBeGreaterThan(SETS);
  const sorted = pauses.sort((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[SETS / 2], sorted.at(-1)];
  process.stderr.write(
    `  writes held for ${least} to ${most} ms, median ${median} ms; ${retries.length} pauses ran out\n`,
  );
});

import { expect, it } from "vitest";
import type { RedisConnection } from "../../src/connect/types.ts";
import { showBackup } from "../../src/use-cases/backup/list-backups.ts";
import { openSession } from "../../src/use-cases/session.ts";
import { backupOf, backupPlace, labName } from "../support/backup.ts";
import { causesIn, writeCauses } from "../support/causal-writer.ts";
import { bringUpLab } from "../support/lab.ts";

const { signal } = new AbortController();
const SETS = Number(process.env.REDISHA_SOAK_SETS ?? 20);

it(`${SETS} of ${SETS} sets behind a fence hold no effect without its cause, while writes go on`, async () => {
  await using lab = await bringUpLab({ name: labName(), topology: "cluster" });
  await using place = await backupPlace(lab);
  const session = openSession(place.deployment, signal);
  const nodes = await Promise.all(place.deployment.instances.map((each) => session.live.connections.redis(each)));
  let done = false;
  const writing = writeCauses(lab, () => done);
  const pauses: number[] = [];
  const rounds: number[] = [];
  const retries: string[] = [];
  try {
    for (let set = 0; set < SETS; set += 1) {
      rounds.push(await threeRounds(nodes));
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
    await session.close();
  }
  expect(await writing).toBeGreaterThan(SETS);
  process.stderr.write(
    `  writes held for ${spread(pauses)}; three bare round trips to all took ${spread(rounds)}; ${retries.length} pauses ran out\n`,
  );
});

/** What a fence cannot do without, in milliseconds: to hold, to cut and to let go each take a round trip to every shard. */
async function threeRounds(nodes: readonly RedisConnection[]): Promise<number> {
  const started = performance.now();
  for (let round = 0; round < 3; round += 1) await Promise.all(nodes.map((node) => node.command(["PING"])));
  return performance.now() - started;
}

function spread(ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b).map((each) => each.toFixed(1));
  return `${sorted[0]} to ${sorted.at(-1)} ms, ${sorted[Math.floor(sorted.length / 2)]} ms in the median`;
}

import { describe, expect, it } from "vitest";
import { type BackedUpLab, backedUpLab } from "../support/backed-up-lab.ts";
import { following, reachOf } from "../support/following.ts";
import { exactMoment, expectMoment, writeForSeconds } from "../support/moments.ts";

const config = { appendonly: "yes", "aof-timestamp-enabled": "yes", "auto-aof-rewrite-percentage": "0" };
const MOMENTS = 50;

/** Restores seconds by chance, a little beyond both ends of what was written. Gives how many were no refusals. */
async function tryMoments(place: BackedUpLab, written: readonly number[], look = expectMoment): Promise<number> {
  const [first = 0, last = 0] = [written[0], written.at(-1)];
  let loaded = 0;
  for (let n = 0; n < MOMENTS; n += 1) {
    const second = first - 2 + Math.floor(Math.random() * (last - first + 5));
    if (await look(place, written, second)) loaded += 1;
  }
  process.stderr.write(`  ${loaded} of ${MOMENTS} moments exact, the others refused\n`);
  return loaded;
}

describe.each(["redis-7.0", "valkey-9.1"] as const)("%s", (engine) => {
  it(`${MOMENTS} random seconds of a backup come back exactly, or are refused`, async () => {
    await using place = await backedUpLab({ topology: "replication", replicas: 1, engine, config });
    const written = await writeForSeconds(place, 60);
    expect((await place.run("backup", { method: "aof" })).error).toBeNull();
    expect(await tryMoments(place, written)).toBeGreaterThan(30);
  });

  it(`${MOMENTS} random seconds of what was followed do, over rewrites and a kill of who follows`, async () => {
    await using place = await backedUpLab({ topology: "replication", replicas: 1, engine, config });
    const { lab } = place;
    const written: number[] = [];
    const write = async () => written.push(...(await writeForSeconds(place, 15)));
    await using first = following(lab.file);
    await first.says(/base \d+ stored/);
    await write();
    await lab.cli("r2:6379", "BGREWRITEAOF");
    await write();
    await first.kill();
    await write();
    await using second = following(lab.file);
    await second.says(/going on with r2:6379/);
    await lab.cli("r2:6379", "BGREWRITEAOF");
    await write();
    const last = written.at(-1) ?? 0;
    await expect.poll(() => reachOf(lab.file), { timeout: 60_000 }).toBeGreaterThanOrEqual(last);
    // A rewrite between two looks leaves a gap of a few seconds.
    expect(await tryMoments(place, written, exactMoment)).toBeGreaterThan(30);
  });
});

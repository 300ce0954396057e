import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";
import { followedOf, following, reachOf } from "../../support/following.ts";
import type { TestLab } from "../../support/lab.ts";
import { exactMoment, momentOf, writeForSeconds } from "../../support/moments.ts";

const config = { appendonly: "yes", "aof-timestamp-enabled": "yes", "auto-aof-rewrite-percentage": "0" };

// Traps: 20 to 24, 26, across rewrites, a crash of the follower and the loss of its source.
it("what is followed is restored to any second of it, or refused: over rewrites, a kill and another source", async () => {
  await using place = await backedUpLab({ topology: "replication", replicas: 1, config });
  const { lab, run } = place;
  const written: number[] = [];
  const write = async (seconds: number) => written.push(...(await writeForSeconds(place, seconds)));

  await using first = following(lab.file);
  await first.says(/following replica r2:6379/);
  await first.says(/base \d+ stored/);
  await write(2);
  await lab.cli("r2:6379", "BGREWRITEAOF");
  await first.says(/stored[\s\S]*base \d+ stored/);
  await write(2);
  await first.kill();
  await write(2);

  await using second = following(lab.file);
  await second.says(/going on with r2:6379/);
  await write(2);
  await lab.kill("r2:6379");
  await second.says(/following primary r1:6379/);
  await write(2);
  const last = written.at(-1) ?? 0;
  await expect.poll(() => reachOf(lab.file), { timeout: 60_000 }).toBeGreaterThanOrEqual(last);
  await second.kill();

  const begin = written[0] ?? 0;
  const results = new Map<number, boolean>();
  for (const moment of new Set([begin - 60, ...written.filter((_, index) => index % 12 === 0), last])) {
    results.set(moment, await exactMoment(place, written, moment));
  }
  expect(results.get(begin - 60)).toBe(false);
  expect(results.get(last)).toBe(true);
  expect([...results.values()].filter((loaded) => loaded).length).toBeGreaterThan(results.size / 2);

  await lab.restart("r2:6379");
  await lab.cli("r1:6379", "FLUSHALL");
  const done = await run("restore", { at: momentOf(last) });
  expect(done.error).toBeNull();
  for (const node of ["r1:6379", "r2:6379"]) expect(Number(await lab.cli(node, "LLEN", "log"))).toBe(written.length);
});

it("a rewrite that no look saw leaves no gap, and a file that was switched off for a while leaves one", async () => {
  await using place = await backedUpLab({ topology: "replication", replicas: 1, config });
  const { lab } = place;
  const written: number[] = [];
  const write = async (seconds: number) => {
    const added = await writeForSeconds(place, seconds);
    written.push(...added);
    return added;
  };
  const rewritten = () => rewriteEnded(lab, "r2:6379");
  const reached = (second: number) =>
    expect.poll(() => reachOf(lab.file), { timeout: 60_000 }).toBeGreaterThanOrEqual(second);

  await using follower = following(lab.file);
  await follower.says(/following replica r2:6379[\s\S]*base \d+ stored/);
  await write(1);
  await reached(written.at(-1) ?? 0);
  follower.freeze();
  const unseen = await write(1);
  // Seconds in which nothing is written lie between the last write to the old file and the new base.
  await sleep(2_500);
  await lab.cli("r2:6379", "BGREWRITEAOF");
  await rewritten();
  await write(1);
  follower.goOn();
  await reached(written.at(-1) ?? 0);
  expect(await followedOf(lab.file)).not.toContain("gap");
  const idle = (unseen.at(-1) ?? 0) + 1;
  for (const second of [...new Set(unseen), idle]) expect(await exactMoment(place, written, second)).toBe(true);

  follower.freeze();
  await lab.cli("r2:6379", "CONFIG", "SET", "appendonly", "no");
  const lost = await write(2);
  await lab.cli("r2:6379", "CONFIG", "SET", "appendonly", "yes");
  await rewritten();
  await write(1);
  const last = written.at(-1) ?? 0;
  follower.goOn();
  await follower.says(/r2:6379 has begun its file anew between two looks/);
  await reached(last);
  expect(await followedOf(lab.file)).toMatch(/gap of \d+s: no moment between/);
  expect(await exactMoment(place, written, lost[0] ?? 0)).toBe(false);
  expect(await exactMoment(place, written, last)).toBe(true);
});

it.skipIf(process.getuid?.() !== 0)(
  "what a server drops while the repository is full is kept on its host, stored once there is room, and given up where the disk of the server is nearly full",
  async () => {
    const repository = await mkdtemp(join(tmpdir(), "redisha-full-"));
    try {
      using _ = disk(repository, "8m");
      const shape = { topology: "replication", replicas: 0, config, backup: { repository } } as const;
      await using place = await backedUpLab(shape);
      const { lab } = place;
      const data = dataFolder(lab, "r1:6379");
      await lab.kill("r1:6379");
      using __ = disk(data, "16m");
      await lab.restart("r1:6379");
      const written: number[] = [];
      const write = async (seconds: number) => {
        const added = await writeForSeconds(place, seconds);
        written.push(...added);
        return added;
      };
      await using follower = following(lab.file);
      await follower.says(/base \d+ stored/);
      await write(1);
      const filler = join(repository, "filler");
      expect(() => execFileSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4K"], { stdio: "ignore" })).toThrow();
      await write(1);
      await follower.says(/main: There is no room/);
      const kept = async () => await readdir(join(data, ".redisha-follow-appendonly.aof")).catch(() => []);
      for (const rewrites of [2, 3]) {
        await write(1);
        // Slow enough for a look to see the old increment and the new one side by side.
        await lab.cli("r1:6379", "CONFIG", "SET", "rdb-key-save-delay", "2000000");
        await lab.cli("r1:6379", "BGREWRITEAOF");
        await expect.poll(kept, { timeout: 60_000 }).toContain(`appendonly.aof.${rewrites}.incr.aof`);
        await lab.cli("r1:6379", "CONFIG", "SET", "rdb-key-save-delay", "0");
        await rewriteEnded(lab, "r1:6379");
      }
      await write(1);
      await rm(filler);
      const reached = () =>
        expect.poll(() => reachOf(lab.file), { timeout: 60_000 }).toBeGreaterThanOrEqual(written.at(-1) ?? 0);
      await reached();
      await expect.poll(kept, { timeout: 60_000 }).toEqual(["appendonly.aof.3.incr.aof"]);
      const seconds = [...new Set(written)].filter((_, index) => index % 2 === 0);
      for (const second of seconds) expect(await exactMoment(place, written, second), `${second}`).toBe(true);

      await follower.kill();
      await using slow = following(lab.file, "4s");
      await slow.freezeBetweenLooks();
      const lost = await write(2);
      await lab.cli("r1:6379", "BGREWRITEAOF");
      await rewriteEnded(lab, "r1:6379");
      const ballast = join(data, "ballast");
      const { bavail, bsize, blocks } = await statfs(data);
      await writeFile(ballast, Buffer.alloc((bavail - Math.ceil(blocks * 0.03)) * bsize));
      slow.goOn();
      await slow.says(/the disk of r1:6379 is nearly full: parts that it has dropped are given up/);
      await expect.poll(kept, { timeout: 60_000 }).not.toContain("appendonly.aof.3.incr.aof");
      await rm(ballast);
      await write(1);
      await reached();
      await slow.kill();
      expect(await followedOf(lab.file)).toMatch(/gap of \d+s: no moment between/);
      expect(await exactMoment(place, written, lost[0] ?? 0)).toBe(false);
      expect(await exactMoment(place, written, written.at(-1) ?? 0)).toBe(true);
    } finally {
      await rm(repository, { recursive: true, force: true });
    }
  },
  240_000,
);

/** A small disk of its own in place of a folder. */
function disk(folder: string, size: string): Disposable {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  return { [Symbol.dispose]: () => execFileSync("umount", ["-l", folder]) };
}

async function rewriteEnded({ cli }: TestLab, id: string): Promise<void> {
  const info = () => cli(id, "INFO", "persistence");
  await expect.poll(info, { timeout: 60_000 }).toMatch(/aof_rewrite_in_progress:0\n[\s\S]*aof_rewrite_scheduled:0\n/);
}

import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";
import { following, reachOf } from "../../support/following.ts";
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

it.skipIf(process.getuid?.() !== 0)(
  "what a server drops while the repository is full is kept on its host, stored once there is room, and let go",
  async () => {
    const repository = await mkdtemp(join(tmpdir(), "redisha-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", repository]);
    try {
      const shape = { topology: "replication", replicas: 0, config, backup: { repository } } as const;
      await using place = await backedUpLab(shape);
      const { lab } = place;
      const written: number[] = [];
      const write = async (seconds: number) => written.push(...(await writeForSeconds(place, seconds)));
      await using follower = following(lab.file);
      await follower.says(/base \d+ stored/);
      await write(2);
      const filler = join(repository, "filler");
      expect(() => execFileSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4K"], { stdio: "ignore" })).toThrow();
      await follower.says(/main: There is no room/);
      const kept = async () =>
        await readdir(join(dataFolder(lab, "r1:6379"), ".redisha-follow-appendonly.aof")).catch(() => []);
      for (const rewrites of [2, 3]) {
        await write(1);
        // Slow enough for a look to see the old increment and the new one side by side.
        await lab.cli("r1:6379", "CONFIG", "SET", "rdb-key-save-delay", "2000000");
        await lab.cli("r1:6379", "BGREWRITEAOF");
        await expect.poll(kept, { timeout: 60_000 }).toContain(`appendonly.aof.${rewrites}.incr.aof`);
        await lab.cli("r1:6379", "CONFIG", "SET", "rdb-key-save-delay", "0");
        await expect
          .poll(() => lab.cli("r1:6379", "INFO", "persistence"), { timeout: 60_000 })
          .toContain("aof_rewrite_in_progress:0");
      }
      await write(1);
      await rm(filler);
      const last = written.at(-1) ?? 0;
      await expect.poll(() => reachOf(lab.file), { timeout: 60_000 }).toBeGreaterThanOrEqual(last);
      await expect.poll(kept, { timeout: 60_000 }).toEqual(["appendonly.aof.3.incr.aof"]);
      await follower.kill();
      for (const second of new Set(written)) expect(await exactMoment(place, written, second), `${second}`).toBe(true);
    } finally {
      execFileSync("umount", ["-l", repository]);
      await rm(repository, { recursive: true, force: true });
    }
  },
);

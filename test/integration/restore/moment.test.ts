import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { fingerprintOf } from "../../../src/backup/fingerprint.ts";
import { connectRedisSocket } from "../../../src/connect/redis/connect-socket.ts";
import { newBackupId } from "../../../src/repository/backup-id.ts";
import { commitBackup } from "../../../src/repository/commit.ts";
import { backupFolder } from "../../../src/repository/layout.ts";
import type { Manifest, StoredFile } from "../../../src/repository/manifest.ts";
import { packFile } from "../../../src/repository/pipeline/pack-file.ts";
import { openRepository } from "../../../src/repository/repository.ts";
import { type BackedUpLab, backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";

const servers = z.object({ servers: z.array(z.object({ socket: z.string(), pid: z.int() })) });

/** Stores the append-only file of r1 as it lies there now. */
async function storeAof({ lab, root }: BackedUpLab): Promise<void> {
  const deployment = lab.status.name;
  const repository = await openRepository({ repository: root }, deployment, { create: true });
  const id = newBackupId();
  const folder = backupFolder(deployment, id);
  const source = join(dataFolder(lab, "r1:6379"), "appendonlydir");
  const files: StoredFile[] = [];
  for (const name of await readdir(source)) {
    const kind = name.endsWith(".manifest") ? "aof-manifest" : name.includes(".base.") ? "aof-base" : "aof-incr";
    const content = createReadStream(join(source, name));
    files.push(
      await packFile(repository.store, folder, content, { compression: 3 }, { name: `shards/main/aof/${name}`, kind }),
    );
  }
  const now = new Date().toISOString();
  const manifest: Manifest = {
    manifest_version: 1,
    id,
    repository_id: repository.id ?? "",
    deployment,
    fingerprint: fingerprintOf({ kind: "replication" }, [[]]),
    topology: "replication",
    redisha_version: "0.0.0",
    method: "aof",
    tags: [],
    started: now,
    finished: now,
    needs: [],
    consistency: { mode: "single" },
    shards: [
      {
        name: "main",
        slots: [],
        source: { instance: "r1:6379", role: "primary", fell_back_to_primary: false },
        server: { name: "redis", version: "7.0.15", modules: [], maxmemory: 0, used_memory: 1_000_000, arch_bits: 64 },
        files,
      },
    ],
    meta: [],
    left_out: [],
    verifications: [],
  };
  await commitBackup(repository, manifest);
  await repository.store.close();
}

it("a restore to a moment brings back exactly what was written up to it, or refuses", {
  timeout: 240_000,
}, async () => {
  const config = { appendonly: "yes", "aof-timestamp-enabled": "yes" };
  await using place = await backedUpLab({ topology: "replication", replicas: 1, config });
  const { lab, run } = place;
  const send = (...command: string[]) => lab.cli("r1:6379", ...command);
  const written: number[] = [];
  const serverSecond = async () => Number((await send("TIME")).split("\n")[0]);
  const begun = await serverSecond();
  for (const end = Date.now() + 6_000; Date.now() < end; ) {
    // A write at the turn of a second may belong to either.
    if (Date.now() % 1_000 < 150 || Date.now() % 1_000 > 800) {
      await sleep(20);
      continue;
    }
    await send("RPUSH", "log", String(written.length));
    written.push(await serverSecond());
    await sleep(100);
  }
  await storeAof(place);
  const last = written.at(-1) ?? 0;
  const at = (second: number) => new Date(second * 1000).toISOString();
  let restored = 0;
  for (let second = begun - 1; second <= last + 1; second += 1) {
    const summary = await run("restore-scratch", { at: at(second).replace(".000Z", "Z") });
    if (summary.status !== "done") {
      expect(summary.error?.code).toBe("PITR_OUTSIDE_WINDOW");
      expect(second < (written[0] ?? 0) || second >= last).toBe(true);
      continue;
    }
    const [server] = servers.parse(summary.outputs).servers;
    const connection = await connectRedisSocket(server?.socket ?? "");
    const count = Number(await connection.command(["LLEN", "log"]));
    await connection.command(["SHUTDOWN", "NOSAVE"]).catch(() => undefined);
    connection.close();
    expect(count).toBe(written.filter((when) => when <= second).length);
    restored += 1;
  }
  expect(restored).toBeGreaterThan(2);
  const moment = last - 2;
  const done = await run("restore", { at: at(moment).replace(".000Z", "Z") });
  expect(done.error).toBeNull();
  expect(Number(await send("LLEN", "log"))).toBe(written.filter((when) => when <= moment).length);
  expect(await lab.cli("r2:6379", "LLEN", "log")).toBe(await send("LLEN", "log"));
  expect(await send("CONFIG", "GET", "appendonly")).toContain("yes");
});

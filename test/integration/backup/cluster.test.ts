import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { findComplete, readCatalog } from "../../../src/repository/catalog.ts";
import { backupFolder } from "../../../src/repository/layout.ts";
import { unpackFile } from "../../../src/repository/pipeline/unpack-file.ts";
import { openRepository } from "../../../src/repository/repository.ts";
import { showBackup } from "../../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { type BackupPlace, backupOf, backupPlace, labName } from "../../support/backup.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

const { signal } = new AbortController();
let lab: TestLab;
let place: BackupPlace;

beforeAll(async () => {
  lab = await bringUpLab({ name: labName(), topology: "cluster" });
  place = await backupPlace(lab);
});
afterAll(async () => {
  await lab.down();
  await place[Symbol.asyncDispose]();
});

/** Two keys of different shards: slots 15495 and 3300. */
const CAUSE = "a";
const EFFECT = "b";

async function connected(host: string): Promise<RedisConnection> {
  const target = {
    instance: host,
    address: addressOf(lab, host),
    port: 6379,
    connectTimeoutMs: 2_000,
    commandTimeoutMs: 5_000,
  };
  return connectRedis(target, { via: "direct" });
}

/** Writes a number to one shard, and once that is acknowledged to the other, until it is told to stop. */
async function causalWriter(stop: () => boolean): Promise<number> {
  const owners = await lab.cli("r1:6379", "CLUSTER", "SLOTS");
  expect(owners).toContain("16383");
  const [first, second] = await Promise.all(["r3", "r1"].map(connected));
  let count = 0;
  while (!stop()) {
    count += 1;
    await first?.command(["SET", CAUSE, String(count)]);
    await second?.command(["SET", EFFECT, String(count)]);
  }
  first?.close();
  second?.close();
  return count;
}

/** The number under a key, read from the plain bytes of a snapshot: short integers are stored as such. */
async function numberIn(id: string, key: string): Promise<number> {
  const policy = place.deployment.backup;
  if (!policy) throw new Error("no policy");
  const repository = await openRepository(policy, place.deployment.name);
  try {
    const backup = findComplete(await readCatalog(repository), id);
    for (const file of backup?.manifest.shards.flatMap(({ files }) => files) ?? []) {
      const chunks: Buffer[] = [];
      for await (const chunk of await unpackFile(repository.store, backupFolder(repository.deployment, id), file))
        chunks.push(chunk);
      const plain = Buffer.concat(chunks);
      const at = plain.indexOf(Buffer.from([0x00, 0x01, key.charCodeAt(0)]));
      if (at === -1) continue;
      const kind = plain[at + 3];
      if (kind === 0xc0) return plain.readInt8(at + 4);
      if (kind === 0xc1) return plain.readInt16LE(at + 4);
      if (kind === 0xc2) return plain.readInt32LE(at + 4);
    }
    throw new Error(`no ${key} in ${id}`);
  } finally {
    await repository.store.close();
  }
}

describe("a backup of a Cluster", () => {
  it("behind a fence holds no effect without its cause, while writes go on", async () => {
    let done = false;
    const writing = causalWriter(() => done);
    try {
      for (let round = 0; round < 3; round += 1) {
        const id = backupOf(await place.backUp());
        const { manifest } = await showBackup(place.deployment, id, signal);
        expect(manifest.consistency.mode).toBe("fenced");
        expect(manifest.consistency.pause_ms).toBeGreaterThan(0);
        expect(manifest.shards.map(({ name }) => name)).toEqual(["c0-5460", "c5461-10922", "c10923-16383"]);
        const [cause, effect] = [await numberIn(id, CAUSE), await numberIn(id, EFFECT)];
        expect(effect).toBeGreaterThan(0);
        expect([cause, cause - 1]).toContain(effect);
      }
    } finally {
      done = true;
    }
    expect(await writing).toBeGreaterThan(10);
  });

  it("carries the map of its slots, and every shard loads", async () => {
    const id = backupOf(await place.backUp({ consistency: "parallel" }));
    const { manifest } = await showBackup(place.deployment, id, signal);
    expect(manifest.consistency).toMatchObject({ mode: "parallel" });
    expect(manifest.meta.filter(({ kind }) => kind === "nodes-conf")).toHaveLength(6);
    const { backups } = await verifyBackups(place.deployment, {
      level: "restore",
      ids: [id],
      identities: [],
      signal,
      progress: () => undefined,
    });
    expect(backups[0]).toMatchObject({ ok: true, problems: [] });
  });

  it("is refused while a slot is on the move", async () => {
    const id = await lab.cli("r2:6379", "CLUSTER", "MYID");
    await lab.cli("r1:6379", "CLUSTER", "SETSLOT", "100", "MIGRATING", id);
    const summary = await place.backUp();
    expect(summary).toMatchObject({ exit: 4, error: { code: "BACKUP_NO_SOURCE" } });
    expect(summary.error?.message).toContain("slot 100 is being moved away from r1:6379");
    await lab.cli("r1:6379", "CLUSTER", "SETSLOT", "100", "STABLE");
  });

  it("is refused where a shard is gone, and never made of the rest", async () => {
    await lab.kill("r3:6379");
    await lab.kill("r6:6379");
    await lab.kill("r5:6379");
    await until(async () => (await lab.cli("r1:6379", "CLUSTER", "INFO")).includes("cluster_state:fail"));
    const summary = await place.backUp({ allow_primary: "true" }).catch((error: unknown) => error);
    expect(summary).toMatchObject({ exit: expect.not.stringMatching(/^0$/) });
    expect((summary as { status?: string }).status).not.toBe("done");
  });
});

import { connectRedis } from "../../src/connect/redis/connect-redis.ts";
import type { RedisConnection } from "../../src/connect/types.ts";
import type { Deployment } from "../../src/inventory/model.ts";
import { findComplete, readCatalog } from "../../src/repository/catalog.ts";
import { backupFolder } from "../../src/repository/layout.ts";
import { unpackFile } from "../../src/repository/pipeline/unpack-file.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { addressOf, type TestLab } from "./lab.ts";

/** Two keys of different shards of three: slots 15495 and 3300. */
const CAUSE = "a";
const EFFECT = "b";

/** Writes a number to one shard, and once that is acknowledged to the other, until it is told to stop. Returns the last one. */
export async function writeCauses(lab: TestLab, stop: () => boolean): Promise<number> {
  const [first, second] = await Promise.all(["r3", "r1"].map((host) => connected(lab, host)));
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

/** The two numbers as the snapshots of a backup hold them. */
export async function causesIn(deployment: Deployment, id: string): Promise<{ cause: number; effect: number }> {
  return { cause: await numberIn(deployment, id, CAUSE), effect: await numberIn(deployment, id, EFFECT) };
}

async function connected(lab: TestLab, host: string): Promise<RedisConnection> {
  const target = {
    instance: host,
    address: addressOf(lab, host),
    port: 6379,
    connectTimeoutMs: 2_000,
    commandTimeoutMs: 5_000,
  };
  return connectRedis(target, { via: "direct" });
}

/** The number under a key, read from the plain bytes of a snapshot: short integers are stored as such. */
async function numberIn({ backup: policy, name }: Deployment, id: string, key: string): Promise<number> {
  if (!policy) throw new Error("no policy");
  const repository = await openRepository(policy, name);
  try {
    const backup = findComplete(await readCatalog(repository), id);
    for (const file of backup?.manifest.shards.flatMap(({ files }) => files) ?? []) {
      const chunks: Buffer[] = [];
      for await (const chunk of await unpackFile(repository.store, backupFolder(name, id), file)) chunks.push(chunk);
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

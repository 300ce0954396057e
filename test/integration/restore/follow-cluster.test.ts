import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { policyOf } from "../../../src/actions/backup/repository.ts";
import { loadInventory } from "../../../src/inventory/load-inventory.ts";
import { readChains } from "../../../src/repository/read-chains.ts";
import { openRepository } from "../../../src/repository/repository.ts";
import { filesOfChain } from "../../../src/restore/followed-health.ts";
import { backedUpLab } from "../../support/backed-up-lab.ts";
import { following, reachOf } from "../../support/following.ts";
import { exactMoment, LOGS, writeForSeconds } from "../../support/moments.ts";
import { type S3Server, s3ServerIsInstalled, startS3 } from "../../support/s3.ts";

const config = { appendonly: "yes", "aof-timestamp-enabled": "yes", "auto-aof-rewrite-percentage": "0" };

describe.runIf(s3ServerIsInstalled())("a Cluster that is followed into a bucket, encrypted", () => {
  let s3: S3Server;
  let folder: string;
  beforeAll(async () => {
    s3 = await startS3();
    await s3.makeBucket("backups");
    process.env.AWS_ACCESS_KEY_ID = s3.accessKey;
    process.env.AWS_SECRET_ACCESS_KEY = s3.secretKey;
    folder = await mkdtemp(join(tmpdir(), "redisha-test-keys-"));
  });
  afterAll(async () => {
    await s3.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("comes back as it was at any second, also when who is followed is promoted, and dies", async () => {
    const key = execFileSync("age-keygen", { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const identity = join(folder, "key.txt");
    await writeFile(identity, key);
    const backup = {
      repository: "s3://backups/shop",
      s3: { endpoint: s3.endpoint, region: "us-east-1", path_style: true },
      encrypt_to: [/public key: (age1\S+)/.exec(key)?.[1] ?? ""],
      identities: [identity],
    };
    await using place = await backedUpLab({ topology: "cluster", config, backup });
    const { lab } = place;
    const written: number[] = [];
    const write = async (seconds: number) => written.push(...(await writeForSeconds(place, seconds, LOGS)));
    const reached = (second: number) =>
      expect.poll(() => reachOf(lab.file), { timeout: 60_000 }).toBeGreaterThanOrEqual(second);

    await using follower = following(lab.file);
    for (const shard of ["c0-5460", "c5461-10922", "c10923-16383"]) {
      await follower.says(new RegExp(`${shard}: base \\d+ stored`));
    }
    await write(2);
    await follower.says(/following replica r4:6379/);
    expect(await lab.cli("r4:6379", "CLUSTER", "FAILOVER")).toBe("OK");
    const role = async (id: string) => /^role:(\w+)/m.exec(await lab.cli(id, "INFO", "replication"))?.[1];
    await expect.poll(() => role("r4:6379"), { timeout: 60_000 }).toBe("master");
    await write(2);
    const promoted = written.at(-1) ?? 0;
    await reached(promoted);
    await lab.kill("r4:6379");
    await follower.says(/following \w+ r2:6379/);
    await expect.poll(() => role("r2:6379"), { timeout: 60_000 }).toBe("master");
    await expect.poll(() => lab.cli("r1:6379", "CLUSTER", "INFO"), { timeout: 60_000 }).toContain("cluster_state:ok");
    await write(2);
    const last = written.at(-1) ?? 0;
    await reached(last);
    await follower.kill();
    const { deployments } = await loadInventory(lab.file);
    for (const deployment of deployments) {
      const { signal } = new AbortController();
      const { store } = await openRepository(policyOf(deployment), deployment.name, { signal });
      const files = (await readChains(store, deployment.name)).flatMap((chain) => filesOfChain(chain));
      await store.close();
      expect(files.map(({ encryption }) => encryption)).toEqual(files.map(() => "age"));
    }

    const seconds = new Set([promoted, last, ...written.filter((_, index) => index % 10 === 0)]);
    const results = new Map<number, boolean>();
    for (const second of seconds) results.set(second, await exactMoment(place, written, second));
    expect([results.get(promoted), results.get(last)]).toEqual([true, true]);
    expect([...results.values()].filter(Boolean).length).toBeGreaterThan(results.size / 2);
  });
});

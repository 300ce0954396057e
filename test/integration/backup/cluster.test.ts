import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { showBackup } from "../../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { type BackupPlace, backupOf, backupPlace, labName } from "../../support/backup.ts";
import { causesIn, writeCauses } from "../../support/causal-writer.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
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

describe("a backup of a Cluster", () => {
  it("behind a fence holds no effect without its cause, while writes go on", async () => {
    let done = false;
    const writing = writeCauses(lab, () => done);
    try {
      for (let round = 0; round < 3; round += 1) {
        const id = backupOf(await place.backUp());
        const { manifest } = await showBackup(place.deployment, id, signal);
        expect(manifest.consistency.mode).toBe("fenced");
        expect(manifest.consistency.pause_ms).toBeGreaterThan(0);
        expect(manifest.shards.map(({ name }) => name)).toEqual(["c0-5460", "c5461-10922", "c10923-16383"]);
        const { cause, effect } = await causesIn(place.deployment, id);
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

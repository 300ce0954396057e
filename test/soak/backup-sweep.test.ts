import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listBackups } from "../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../src/use-cases/backup/verify-backups.ts";
import { backupOf, backupPlace } from "../support/backup.ts";
import { bringUpLab } from "../support/lab.ts";
import { sweepLab } from "../support/sweep.ts";

const { signal } = new AbortController();

it("a crash at every moment of a backup and of a restore is got over, and nothing in part counts as a backup", async () => {
  await using lab = await bringUpLab({ topology: "replication" });
  await using place = await backupPlace(lab);
  await lab.cli("r1:6379", "SET", "key", "value");
  for (const runbook of ["backup", "restore"]) {
    const { findings, kills, moments, rollback_moments } = await sweepLab(lab, runbook);
    expect({ runbook, findings }).toEqual({ runbook, findings: [] });
    expect(kills).toBe(2 * moments + rollback_moments);
    process.stderr.write(`  ${runbook}: ${kills} kills at ${moments} moments, and ${rollback_moments} of going back\n`);
  }
  backupOf(await place.backUp());
  const look = { level: "stored", ids: "all", identities: [], signal, progress: () => undefined } as const;
  expect((await verifyBackups(place.deployment, look)).exit).toBe(0);
  const { backups } = await listBackups(place.deployment, signal);
  expect(new Set(backups.map(({ state }) => state))).toEqual(new Set(["complete"]));
  for (const { host } of lab.status.processes.filter(({ service }) => service === "redis")) {
    const data = await readdir(join(lab.status.folder, "hosts", host, "6379", "data"));
    expect(data.filter((name) => /^\.redisha-(backup|restore)/.test(name))).toEqual([]);
  }
});

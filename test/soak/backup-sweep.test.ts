import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listBackups } from "../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../src/use-cases/backup/verify-backups.ts";
import { backupOf, backupPlace, labName } from "../support/backup.ts";
import { bringUpLab } from "../support/lab.ts";
import { bePatient } from "../support/patience.ts";
import { soakPart } from "../support/soak-part.ts";
import { sweepLab } from "../support/sweep.ts";

const { signal } = new AbortController();

// A sweep of a restore takes more than an hour: REDISHA_SOAK_PART=1/8 is every eighth moment, 2/8 the ones behind those.
it.each(["backup", "restore"])(
  "a crash at every moment of a %s is got over, and nothing in part counts as a backup",
  async (runbook) => {
    await using lab = await bringUpLab({ topology: "replication", name: labName() });
    await bePatient(lab.file);
    await using place = await backupPlace(lab);
    await lab.cli("r1:6379", "SET", "key", "value");
    if (runbook === "restore") {
      backupOf(await place.backUp());
      await lab.cli("r1:6379", "SET", "key", "a later value");
    }
    const part = soakPart();
    const { findings, kills, moments, rollback_moments } = await sweepLab(lab, runbook, {
      part,
      onKill: (done, total) => process.stderr.write(`  ${runbook}: kill ${done} of ${total}\n`),
      onFinding: (finding) => process.stderr.write(`  ${runbook}: ${JSON.stringify(finding)}\n`),
    });
    expect(findings).toEqual([]);
    expect(kills).toBe(2 * inPart(moments, part) + inPart(rollback_moments, part));
    process.stderr.write(`  ${runbook}: ${kills} kills, of ${moments} moments and ${rollback_moments} of going back\n`);
    backupOf(await place.backUp());
    const look = { level: "stored", ids: "all", identities: [], signal, progress: () => undefined } as const;
    expect((await verifyBackups(place.deployment, look)).exit).toBe(0);
    const { backups } = await listBackups(place.deployment, signal);
    expect(new Set(backups.map(({ state }) => state))).toEqual(new Set(["complete"]));
    for (const { host } of lab.status.processes.filter(({ service }) => service === "redis")) {
      const data = await readdir(join(lab.status.folder, "hosts", host, "6379", "data"));
      expect(data.filter((name) => /^\.redisha-(backup|restore)/.test(name))).toEqual([]);
    }
  },
);

function inPart(moments: number, { index, of }: { index: number; of: number }): number {
  return Math.ceil((moments - index) / of);
}

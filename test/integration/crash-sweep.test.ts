import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { stepsOf } from "../../src/engine/steps-of.ts";
import { endAll, processesIn } from "../../src/scratch/processes.ts";
import { compileByName } from "../../src/use-cases/compile.ts";
import { RunbookStore } from "../../src/use-cases/runbook-store.ts";
import { sweepAgainst } from "../../src/use-cases/sweep/sweep-runbooks.ts";
import { type BackupPlace, backupPlace } from "../support/backup.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { sweepLab } from "../support/sweep.ts";

let lab: TestLab;
let backups: BackupPlace;
/** Where scratch servers are: what a sweep leaves running here is ended with it. */
let rooms: string;
const store = new RunbookStore(packagePath());

beforeAll(async () => {
  lab = await bringUpLab({ topology: "replication" });
  backups = await backupPlace(lab);
  rooms = await mkdtemp(join(tmpdir(), "redisha-sweep-"));
  process.env.REDISHA_SCRATCH_DIR = rooms;
});
afterAll(async () => {
  await lab.down();
  await backups[Symbol.asyncDispose]();
  for (const room of await readdir(rooms)) await endAll(processesIn(join(rooms, room)));
  await rm(rooms, { recursive: true, force: true });
});

/** They set machines up, and the machine of a lab's hosts is this one. */
const OF_MACHINES = ["init", "init-firewall", "init-monitoring", "init-os"];

/** It writes to an empty deployment, and refuses this one before it changes anything. */
const OF_EMPTY = ["restore-routed"];

/** A sweep is dozens of runs, one after the other: a busy machine takes minutes for them. */
const SWEEP_MS = 600_000;

/** They mend what is broken, and find nothing to do on a lab that is whole. */
const OF_BROKEN = ["allow-promotion", "fix-masterauth"];

/** Every shipped runbook that changes something, can be run on a lab without inputs, and can be taken back. */
async function shippedThatChange(): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of await store.list()) {
    if ([...OF_MACHINES, ...OF_EMPTY, ...OF_BROKEN].includes(name)) continue;
    const { runbook } = await compileByName(name, store);
    const changes = stepsOf(runbook).some(({ effect }) => effect !== "read");
    const returns = stepsOf(runbook).every(({ effect, undo }) => effect !== "disruptive" || undo !== "none");
    const fits = runbook.requires.topology?.includes("replication") ?? true;
    if (changes && returns && fits && !Object.values(runbook.inputs).some(({ required }) => required)) names.push(name);
  }
  return names;
}

describe("a crash at any moment", () => {
  // In this order: what is restored is what was backed up first.
  const SHIPPED = ["backup", "canary", "preflight-fix", "restore", "restore-scratch", "rotate-certificates"];

  it("is tried on every shipped runbook that there can be one in on a lab", async () => {
    expect(await shippedThatChange()).toEqual(SHIPPED);
  });

  it.each(SHIPPED)(
    "is got over by the shipped runbook %s, on real servers",
    async (name) => {
      const { findings, kills } = await sweepLab(lab, name, { sample: 4 });
      expect(findings).toEqual([]);
      // One with a single change has fewer moments than three passes of four.
      expect(kills).toBeGreaterThanOrEqual(4);
    },
    SWEEP_MS,
  );

  it.each([
    ["blocks, rescue, always and called runbooks", "sweep.yaml"],
    ["a run that takes itself back, with an op that only the operator can tell of", "sweep-back.yaml"],
  ])(
    "is got over in %s, on real servers",
    async (_, file) => {
      const { findings } = await sweepLab(lab, packagePath("test/fixtures/runbook", file), { sample: 4 });
      expect(findings).toEqual([]);
    },
    SWEEP_MS,
  );

  it("is never brought about on a deployment that is no lab", async () => {
    const file = packagePath("test/fixtures/no-lab.yaml");
    const choice = { file, deployment: undefined, cwd: packagePath(), env: process.env, confirm: "shopp", inputs: {} };
    await expect(sweepAgainst(["canary"], choice, {})).rejects.toMatchObject({ code: "SWEEP_NOT_A_LAB", exit: 4 });
  });
});

describe("what is shipped", () => {
  it("has a test for every runbook", async () => {
    const files = await readdir(packagePath("runbooks"));
    const runbooks = files.filter((file) => !file.endsWith(".test.yaml"));
    expect(runbooks.filter((file) => !files.includes(file.replace(/\.yaml$/, ".test.yaml")))).toEqual([]);
  });
});

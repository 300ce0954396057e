import { randomBytes } from "node:crypto";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../src/engine/events.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import type { Deployment } from "../../src/inventory/model.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { type RunSummary, runRunbook } from "../../src/use-cases/run-runbook.ts";
import { openSession } from "../../src/use-cases/session.ts";
import type { TestLab } from "./lab.ts";

/** A name of its own for a lab: locks on hosts bear it, and the hosts of all labs are this machine. */
export function labName(): string {
  return `lab-${randomBytes(4).toString("hex")}`;
}

/** A lab whose backups go to a directory of their own, and what is needed to make and look at them. */
export interface BackupPlace extends AsyncDisposable {
  readonly repository: string;
  readonly deployment: Deployment;
  /** Makes a backup; `onEvent` sees what happens meanwhile. */
  backUp(inputs?: Readonly<Record<string, string>>, options?: BackUpOptions): Promise<RunSummary>;
}

export interface BackUpOptions {
  readonly onEvent?: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
}

/** Gives the deployment of a lab a repository; `policy` are more lines of its backup section. */
export async function backupPlace(lab: TestLab, policy: readonly string[] = []): Promise<BackupPlace> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-test-backups-"));
  const repository = join(folder, "repository");
  const named = policy.some((line) => line.startsWith("repository:")) ? [] : [`repository: ${repository}`];
  const section = ["    backup:", ...[...named, ...policy].map((line) => `      ${line}`), ""].join("\n");
  await appendFile(lab.file, section);
  const { deployments } = await loadInventory(lab.file);
  const [deployment] = deployments;
  if (!deployment) throw new Error("the lab has no deployment");
  const env = { REDISHA_STATE_DIR: join(folder, "state") };
  return {
    repository,
    deployment,
    async backUp(inputs = {}, { onEvent, signal = new AbortController().signal } = {}) {
      const { runbook } = await compileByName("backup", storeBeside(lab.file));
      const session = openSession(deployment, signal);
      const sink = (event: RunEvent) => onEvent?.(event);
      try {
        return await runRunbook({ runbook, session, inputs, sink, signal, pause: signal, env });
      } finally {
        await session.close();
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The one backup that a run made. Fails with what went wrong where it made none. */
export function backupOf({ status, error, outputs }: RunSummary): string {
  const { backup } = outputs as { backup?: { id?: unknown } };
  if (status !== "done" || typeof backup?.id !== "string")
    throw new Error(`no backup: ${error?.code} ${error?.message}`);
  return backup.id;
}

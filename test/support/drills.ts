/**
 * Drills in tests: a runbook carried out on a lab in this process, with its own state directory.
 *
 *     const ran = await runOn(lab, STEPS, { onEvent: (event) => … });
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../src/engine/events.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../../src/use-cases/run-runbook.ts";
import { openSession } from "../../src/use-cases/session.ts";
import type { TestLab } from "./lab.ts";

export interface RanDrill {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
}

interface DrillRunOptions extends Partial<Pick<RunRequest, "pause" | "signal" | "actions">> {
  readonly onEvent?: (event: RunEvent) => void;
}

/** Runs a runbook, given by its steps, on a lab. */
export async function runOn(lab: Pick<TestLab, "file">, body: string, options: DrillRunOptions = {}): Promise<RanDrill> {
  const directory = await mkdtemp(join(tmpdir(), "redisha-drill-"));
  const { onEvent, ...given } = options;
  const never = new AbortController().signal;
  const { deployments } = await loadInventory(lab.file);
  const [deployment] = deployments;
  if (!deployment) throw new Error("the inventory holds no deployment");
  const file = join(directory, "drill.yaml");
  await writeFile(file, `${HEAD}${body}`);
  const { runbook } = await compileByName(file, storeBeside(lab.file));
  const session = openSession(deployment, never);
  const events: RunEvent[] = [];
  const sink = (event: RunEvent) => {
    events.push(event);
    onEvent?.(event);
  };
  const env = { ...process.env, REDISHA_STATE_DIR: directory };
  try {
    const request = { runbook, session, inputs: {}, sink, pause: never, signal: never, env, ...given };
    return { summary: await runRunbook(request), events };
  } finally {
    await session.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const HEAD = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: drill, version: "1.0.0", description: For a test }
requires: { topology: [replication, sentinel, cluster] }
`;

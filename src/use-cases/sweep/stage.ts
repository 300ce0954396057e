import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { actionCatalog } from "../../actions/catalog.ts";
import { findDeployment } from "../../inventory/find-deployment.ts";
import { worldOf } from "../../rehearsal/case-request.ts";
import { type Effect, killedFile } from "../../rehearsal/hook-points.ts";
import { World } from "../../rehearsal/world.ts";
import { compileByName, storeBeside } from "../compile.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../run-runbook.ts";
import { RunbookStore } from "../runbook-store.ts";
import { openSession } from "../session.ts";
import { readTestFile, rehearsal, runRehearsal } from "../test-runbook.ts";
import { realSnapshot } from "./snapshot.ts";

/** What is swept: a case of a test on its simulated deployment, or a runbook on a deployment that is there. Plain data. */
export type StageSpec =
  | {
      readonly kind: "simulated";
      readonly test: string;
      readonly case: number;
      /** The folder whose runbooks are used. */
      readonly store: string;
    }
  | {
      readonly kind: "real";
      readonly file: string;
      readonly deployment: string;
      readonly runbook: string;
      readonly inputs: Readonly<Record<string, string>>;
    };

/** A stage in one process: how to run on it, and what it looks like. */
export interface Stage {
  readonly request: RunRequest;
  start(request: RunRequest): Promise<RunSummary>;
  /** All that a run can change, as data that is equal where nothing is different. */
  snapshot(): Promise<unknown>;
  close(): Promise<void>;
}

const WORLD = "world.json";

/** Puts the start of a simulated deployment into the folder of an experiment; a real one is as it is. */
export async function setUpStage(spec: StageSpec, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  if (spec.kind === "real") return;
  const { ready } = await simulatedCase(spec);
  worldOf(ready, join(directory, WORLD)).save();
}

/** Opens the stage. Its journals, effects and, where it is simulated, the deployment itself are in the folder. */
export async function openStage(spec: StageSpec, directory: string): Promise<Stage> {
  const stateDirectory = join(directory, "state");
  if (spec.kind === "simulated") {
    const { file, ready } = await simulatedCase(spec);
    const world = World.load(join(directory, WORLD));
    const request = rehearsal(file, ready, world, stateDirectory);
    return {
      request,
      start: runRehearsal,
      snapshot: async () => world.snapshot(),
      close: () => request.session.close(),
    };
  }
  const choice = { file: spec.file, deployment: spec.deployment, cwd: dirname(spec.file), env: process.env };
  const { deployment } = await findDeployment(choice);
  const { runbook } = await compileByName(spec.runbook, storeBeside(deployment.file));
  const never = new AbortController().signal;
  const session = openSession(deployment, never);
  const request: RunRequest = {
    runbook,
    session,
    inputs: spec.inputs,
    sink: () => undefined,
    pause: never,
    signal: never,
    env: { ...process.env, REDISHA_STATE_DIR: stateDirectory },
    actions: actionCatalog(),
    approve: async () => ({ how: "crash sweep", user: "sweep" }),
  };
  return { request, start: runRunbook, snapshot: () => realSnapshot(session), close: () => session.close() };
}

/** Where the ops that took effect are counted. */
export function effectsFile(directory: string): string {
  return join(directory, "effects.jsonl");
}

export async function readEffects(directory: string): Promise<Effect[]> {
  const text = await readFile(effectsFile(directory), "utf8").catch(() => "");
  // Our own file, written by HookPoints: no boundary to check.
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Effect]));
}

/** The moment at which the process of an experiment ended itself: `intent of move@r1:6379`. */
export function readKilledAt(directory: string): Promise<string> {
  return readFile(killedFile(effectsFile(directory)), "utf8");
}

async function simulatedCase(spec: Extract<StageSpec, { kind: "simulated" }>) {
  const file = await readTestFile(spec.test, new RunbookStore(spec.store));
  const ready = file.cases[spec.case];
  if (!ready) throw new TypeError(`${spec.test} has no case ${spec.case}`);
  return { file, ready };
}

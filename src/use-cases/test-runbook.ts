import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { actionCatalog } from "../actions/catalog.ts";
import { messageOf, RedishaError } from "../core/errors.ts";
import { approverOf, environmentOf, inputsOf, worldOf } from "../rehearsal/case-request.ts";
import { type Difference, differences } from "../rehearsal/compare.ts";
import { hurried } from "../rehearsal/hurried.ts";
import { Observed } from "../rehearsal/observed.ts";
import { type ReadyCase, readTests, type TestFile } from "../rehearsal/read-tests.ts";
import { simulatedActions } from "../rehearsal/simulated-actions.ts";
import { simulatedSession } from "../rehearsal/simulated-session.ts";
import type { World } from "../rehearsal/world.ts";
import { compileByName } from "./compile.ts";
import { planRunbook } from "./plan-runbook.ts";
import { prepare, type RunRequest, runPrepared } from "./run-runbook.ts";
import type { RunbookStore } from "./runbook-store.ts";

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  readonly duration_ms: number;
  readonly differences: readonly Difference[];
}

export interface TestFileResult {
  readonly file: string;
  readonly runbook: string;
  readonly cases: readonly CaseResult[];
}

/** Id of every rehearsed run, so that results can be told beforehand. */
const RUN = "rehearsal";

/**
 * Rehearses runbooks against their `*.test.yaml`: the engine is the real one, the deployment is simulated, no connection
 * is made. `refs` are paths of tests or names of runbooks; without any, every test that there is.
 */
export async function testRunbooks(refs: readonly string[], store: RunbookStore): Promise<TestFileResult[]> {
  const results: TestFileResult[] = [];
  for (const path of await store.tests(refs)) {
    const file = await readTestFile(path, store);
    const cases: CaseResult[] = [];
    for (const ready of file.cases) cases.push(await playCase(file, ready));
    results.push({ file: path, runbook: file.runbook.name, cases });
  }
  return results;
}

/** Reads a test and compiles its runbook: by path from the test, by name from the store. */
export async function readTestFile(path: string, store: RunbookStore): Promise<TestFile> {
  const compile = async (ref: string) => {
    const isPath = ref.includes("/") || /\.ya?ml$/.test(ref);
    return (await compileByName(isPath ? join(dirname(path), ref) : ref, store)).runbook;
  };
  return readTests(path, compile, actionCatalog());
}

/** What the engine is asked for when a case is played on this world. */
export function rehearsal(file: TestFile, ready: ReadyCase, world: World, stateDirectory: string) {
  const never = new AbortController().signal;
  const { test } = ready;
  const runbook = hurried(file.runbook);
  const session = simulatedSession(world, file.path, never);
  const request: RunRequest = {
    runbook,
    session,
    inputs: inputsOf(test),
    sink: () => undefined,
    pause: never,
    signal: never,
    env: environmentOf(test, stateDirectory),
    actions: simulatedActions(actionCatalog(), runbook, test, world),
    approve: approverOf(test),
  };
  return request;
}

/** Starts a rehearsed run, under the id that every one has. */
export async function runRehearsal(request: RunRequest) {
  const { values } = await prepare(request);
  return runPrepared(request, RUN, { ...values, run: { ...values.run, id: RUN } });
}

async function playCase(file: TestFile, ready: ReadyCase): Promise<CaseResult> {
  const started = performance.now();
  const directory = await mkdtemp(join(tmpdir(), "redisha-rehearsal-"));
  const result = (found: readonly Difference[]): CaseResult => ({
    name: ready.test.name,
    ok: found.length === 0,
    duration_ms: Math.round(performance.now() - started),
    differences: found,
  });
  try {
    const { expect } = ready.test;
    const plan = expect.plan ? await planRunbook(rehearsal(file, ready, worldOf(ready), directory)) : undefined;
    const world = worldOf(ready);
    const seen = new Observed();
    const request = rehearsal(file, ready, world, directory);
    const summary = await runRehearsal({ ...request, sink: (event) => seen.take(event) });
    const { status, exit, outputs } = summary;
    const found = differences(expect, { status, exit, outputs, error: summary.error?.code ?? null, seen, plan, world });
    // A failure that nobody expected says why.
    const why = found.some(({ what }) => what === "status") && summary.error?.message;
    return result(why ? [...found, { what: "because", expected: [], actual: [why] }] : found);
  } catch (error) {
    if (!(error instanceof RedishaError)) throw error;
    // Refused before it started: by an input, by what the runbook requires.
    const { expect } = ready.test;
    if (expect.error === error.code && (expect.exit ?? error.exit) === error.exit) return result([]);
    return result([
      { what: "error", expected: [expect.error ?? "none"], actual: [`${error.code}: ${messageOf(error)}`] },
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

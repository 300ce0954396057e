import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { actionCatalog } from "../../src/actions/catalog.ts";
import type { Action } from "../../src/actions/contract.ts";
import { NO_ANSWERS } from "../../src/engine/doubt.ts";
import type { RunEvent } from "../../src/engine/events.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import type { LabOptions } from "../../src/lab/shape.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { resumeRun, rollBackRun, runbookRef } from "../../src/use-cases/continue-run.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../../src/use-cases/run-runbook.ts";
import { showRun } from "../../src/use-cases/runs.ts";
import { openSession } from "../../src/use-cases/session.ts";
import { bringUpLab, type TestLab } from "./lab.ts";

interface Options extends Omit<LabOptions, "root"> {
  /** Lines of the backup section of redisha.yaml, beside its repository. */
  readonly backup?: Readonly<Record<string, unknown>>;
}

/** A lab with a repository, in which runbooks are run by this process. */
export interface BackedUpLab extends AsyncDisposable {
  readonly lab: TestLab;
  /** The folder of the repository. */
  readonly root: string;
  /** The folder of its backups in it. */
  readonly backups: string;
  readonly state: string;
  run(runbook: string, inputs?: Readonly<Record<string, string>>, options?: Watch): Promise<RunSummary>;
  resume(run: string, options?: Watch): Promise<RunSummary>;
  rollBack(run: string, options?: Watch): Promise<RunSummary>;
}

interface Watch {
  readonly onEvent?: (event: RunEvent) => void;
  /** Called before an action of this name does its work; what it throws fails the op. */
  readonly before?: Readonly<Record<string, () => void | Promise<void>>>;
}

export async function backedUpLab(options: Options = {}): Promise<BackedUpLab> {
  const { backup, ...shape } = options;
  // Locks on hosts bear the name of the deployment, and every lab's hosts are this machine.
  const name = `lab-${randomBytes(4).toString("hex")}`;
  const lab = await bringUpLab({ ...shape, name });
  const place = await mkdtemp(join(tmpdir(), "redisha-repository-"));
  const repository = join(place, "repository");
  const state = join(place, "state");
  const document = parseDocument(await readFile(lab.file, "utf8"));
  document.setIn(["deployments", name, "backup"], document.createNode({ repository, ...backup }));
  await writeFile(lab.file, document.toString());
  const env = { ...process.env, REDISHA_STATE_DIR: state };
  const carry = async <T>(
    ref: string,
    { onEvent, before }: Watch,
    work: (request: Omit<RunRequest, "inputs">) => Promise<T>,
  ): Promise<T> => {
    const { deployments } = await loadInventory(lab.file);
    const [deployment] = deployments;
    if (!deployment) throw new Error("the lab has no deployment");
    const { runbook } = await compileByName(ref, storeBeside(lab.file));
    const never = new AbortController().signal;
    const session = openSession(deployment, never);
    const sink = (event: RunEvent) => onEvent?.(event);
    const actions = hooked(before ?? {});
    const approve = async () => ({ how: "--yes", user: "test" });
    try {
      return await work({ runbook, session, sink, signal: never, pause: never, env, approve, actions });
    } finally {
      await session.close();
    }
  };
  const goOn = async (run: string, watch: Watch, verb: typeof resumeRun) => {
    const past = await showRun(run, env);
    return carry(runbookRef(past), watch, (request) =>
      verb({ ...request, past, answers: NO_ANSWERS, acceptChanged: false }),
    );
  };
  return {
    lab,
    root: repository,
    backups: join(repository, name, "backups"),
    state,
    run: (runbook, inputs = {}, watch = {}) => carry(runbook, watch, (request) => runRunbook({ ...request, inputs })),
    resume: (run, watch = {}) => goOn(run, watch, resumeRun),
    rollBack: (run, watch = {}) => goOn(run, watch, rollBackRun),
    async [Symbol.asyncDispose]() {
      await lab.down();
      await rm(place, { recursive: true, force: true });
    },
  };
}

function hooked(before: NonNullable<Watch["before"]>): ReadonlyMap<string, Action> {
  const all = new Map(actionCatalog());
  for (const [name, hook] of Object.entries(before)) {
    const action = all.get(name);
    if (!action) throw new Error(`no action ${name}`);
    const run: Action["run"] = async (input, context) => {
      await hook();
      return action.run(input, context);
    };
    all.set(name, { ...action, run });
  }
  return all;
}

/** Where a data node of the lab keeps its data. */
export function dataFolder({ status }: TestLab, id: string): string {
  const [host = "", port = ""] = id.split(":");
  return join(status.folder, "hosts", host, port, "data");
}

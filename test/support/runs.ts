import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Approve } from "../../src/engine/approval.ts";
import { NO_ANSWERS, type OperatorAnswers } from "../../src/engine/doubt.ts";
import type { RunEvent } from "../../src/engine/events.ts";
import type { Plan } from "../../src/engine/plan.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { type ContinueRequest, resumeRun, rollBackRun, runbookRef } from "../../src/use-cases/continue-run.ts";
import { openSealedPlan, planRunbook, runSealedPlan } from "../../src/use-cases/plan-runbook.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../../src/use-cases/run-runbook.ts";
import { showRun, type VerifyResult, verifyRun } from "../../src/use-cases/runs.ts";
import { openSession } from "../../src/use-cases/session.ts";

/** What a run left behind, for tests to look at. */
export interface Ran {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  /** Lines of the journal, as data; empty for a run that only reads. */
  readonly journal: readonly Record<string, unknown>[];
  readonly journalText: string;
}

export interface RunOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly pause?: AbortSignal;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
  readonly approve?: Approve;
}

export interface ContinueOptions extends RunOptions {
  readonly answers?: OperatorAnswers;
  readonly acceptChanged?: boolean;
}

/** Above the largest pid that Linux gives. */
const NO_SUCH_PID = 2 ** 22 + 1;

/** A folder with a redisha.yaml, in which runbooks are written, run and planned. */
export class Workplace {
  readonly directory: string;
  readonly #inventory: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.#inventory = join(directory, "redisha.yaml");
  }

  static async create(inventory: string): Promise<Workplace> {
    const place = new Workplace(await mkdtemp(join(tmpdir(), "redisha-run-")));
    await writeFile(place.#inventory, inventory);
    return place;
  }

  /** A folder that has a redisha.yaml already, such as that of a lab. */
  static at(inventory: string): Workplace {
    return new Workplace(dirname(inventory));
  }

  async run(runbook: string, options: RunOptions = {}): Promise<Ran> {
    const events: RunEvent[] = [];
    const sink = (event: RunEvent) => {
      events.push(event);
      options.onEvent?.(event);
    };
    const summary = await this.#with(runbook, options, sink, runRunbook);
    return ranOf(summary, events);
  }

  /** Goes on with a run; with `text` the runbook is changed first. */
  async resume(run: string, text?: string, options: ContinueOptions = {}): Promise<Ran> {
    return this.#continue(run, text, options, resumeRun);
  }

  async rollBack(run: string, options: ContinueOptions = {}): Promise<Ran> {
    return this.#continue(run, undefined, options, rollBackRun);
  }

  async verify(run: string): Promise<VerifyResult> {
    return verifyRun(run, this.#env());
  }

  async plan(runbook: string, options: RunOptions = {}): Promise<Plan> {
    return this.#with(
      runbook,
      options,
      () => undefined,
      (request) => planRunbook(request),
    );
  }

  /** Plans and seals; gives the file. */
  async seal(runbook: string, options: RunOptions = {}): Promise<string> {
    const file = join(this.directory, "plan.json");
    await this.#with(
      runbook,
      options,
      () => undefined,
      (request) => planRunbook(request, { sealTo: file }),
    );
    return file;
  }

  /** Runs a sealed plan. */
  async runSealed(file: string, options: RunOptions = {}): Promise<Ran & { plan: Plan }> {
    const sealed = await openSealedPlan(file);
    const events: RunEvent[] = [];
    const summary = await this.#with(
      sealed.ref,
      options,
      (event) => events.push(event),
      (request) => runSealedPlan(request, sealed),
    );
    return { ...(await ranOf(summary, events)), plan: sealed.plan };
  }

  async #continue(
    run: string,
    text: string | undefined,
    options: ContinueOptions,
    work: (request: ContinueRequest) => Promise<RunSummary>,
  ): Promise<Ran> {
    const past = await showRun(run, this.#env());
    const { answers = NO_ANSWERS, acceptChanged = false } = options;
    const ref = runbookRef(past);
    if (text !== undefined) await writeFile(ref, text);
    const events: RunEvent[] = [];
    const summary = await this.#with(
      ref,
      options,
      (event) => events.push(event),
      (request) => work({ ...request, past, answers, acceptChanged }),
    );
    return ranOf(summary, events);
  }

  /** Cuts a run's journal before its first line that holds `text`, as a kill -9 there would have left it. */
  async killBefore(summary: RunSummary, text: string): Promise<void> {
    const path = summary.journal ?? "";
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    let prev = "";
    const kept = lines
      .slice(
        0,
        lines.findIndex((line) => line.includes(text)),
      )
      .map((line) => {
        const data: Record<string, unknown> = JSON.parse(line);
        const rewritten = JSON.stringify({ ...data, prev, ...("pid" in data ? { pid: NO_SUCH_PID } : {}) });
        prev = createHash("sha256").update(rewritten).digest("hex");
        return rewritten;
      });
    await writeFile(path, `${kept.join("\n")}\n`);
  }

  #env(): NodeJS.ProcessEnv {
    return { REDISHA_STATE_DIR: join(this.directory, "state") };
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #with<T>(
    text: string,
    options: RunOptions,
    sink: (event: RunEvent) => void,
    work: (request: RunRequest) => Promise<T>,
  ): Promise<T> {
    const never = new AbortController().signal;
    const { inputs = {}, pause = never, signal = never, approve } = options;
    const env = { ...options.env, ...this.#env() };
    const { deployments } = await loadInventory(this.#inventory);
    const [deployment] = deployments;
    if (!deployment) throw new Error("the inventory holds no deployment");
    const ref = /^[a-z]+$|^\/[^\n]+$/.test(text) ? text : join(this.directory, "test.yaml");
    if (ref !== text) await writeFile(ref, text);
    const { runbook } = await compileByName(ref, storeBeside(this.#inventory));
    const session = openSession(deployment, signal);
    try {
      const asked = approve ? { approve } : {};
      return await work({ runbook, session, inputs, sink, signal, pause, env, ...asked });
    } finally {
      await session.close();
    }
  }
}

async function ranOf(summary: RunSummary, events: readonly RunEvent[]): Promise<Ran> {
  const journalText = summary.journal === null ? "" : await readFile(summary.journal, "utf8");
  const lines = journalText.split("\n").filter((line) => line !== "");
  return { summary, events, journalText, journal: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** A runbook's text from its body, with the head that every one has. */
export function runbookText(body: string): string {
  return `apiVersion: redisha/v1
kind: Runbook
metadata: { name: test, version: "1.0.0", description: For a test }
requires: { topology: [replication, sentinel] }
${body}`;
}

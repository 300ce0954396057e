import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../src/engine/events.ts";
import type { Plan } from "../../src/engine/plan.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { planRunbook, type RunRequest, type RunSummary, runRunbook } from "../../src/use-cases/run-runbook.ts";
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
}

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

  async run(runbook: string, options: RunOptions = {}): Promise<Ran> {
    const events: RunEvent[] = [];
    const sink = (event: RunEvent) => {
      events.push(event);
      options.onEvent?.(event);
    };
    const summary = await this.#with(runbook, options, sink, runRunbook);
    const journalText = summary.journal === null ? "" : await readFile(summary.journal, "utf8");
    const lines = journalText.split("\n").filter((line) => line !== "");
    return { summary, events, journalText, journal: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  async plan(runbook: string, options: RunOptions = {}): Promise<Plan> {
    return this.#with(runbook, options, () => undefined, planRunbook);
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
    const { inputs = {}, pause = never, signal = never } = options;
    const env = { ...options.env, REDISHA_STATE_DIR: join(this.directory, "state") };
    const { deployments } = await loadInventory(this.#inventory);
    const [deployment] = deployments;
    if (!deployment) throw new Error("the inventory holds no deployment");
    const ref = /^[a-z]+$/.test(text) ? text : join(this.directory, "test.yaml");
    if (ref !== text) await writeFile(ref, text);
    const { runbook } = await compileByName(ref, storeBeside(this.#inventory));
    const session = openSession(deployment, signal);
    try {
      return await work({ runbook, session, inputs, sink, signal, pause, env });
    } finally {
      await session.close();
    }
  }
}

/** A runbook's text from its body, with the head that every one has. */
export function runbookText(body: string): string {
  return `apiVersion: redisha/v1
kind: Runbook
metadata: { name: test, version: "1.0.0", description: For a test }
requires: { topology: [replication, sentinel] }
${body}`;
}

import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RedishaError } from "../../core/errors.ts";
import type { RunDetail } from "../runs.ts";
import { verifyRun } from "../runs.ts";
import { crash } from "./crash.ts";
import { type Performance, type Performed, pastOf, perform } from "./perform.ts";
import { openStage, readEffects, readKilledAt, type StageSpec, setUpStage } from "./stage.ts";

/** What a crash brought about that must not be. */
export interface SweepFinding {
  readonly pass: "resume" | "rollback" | "rollback of a rollback";
  readonly moment: string;
  readonly what: string;
}

export interface SweepResult {
  readonly runbook: string;
  /** Name of the case, or of the deployment. */
  readonly on: string;
  /** Moments of the run, and of its rollback, at which it could be killed. */
  readonly moments: number;
  readonly rollback_moments: number;
  readonly kills: number;
  /** Ops that nothing but the operator could tell the end of; the sweep answered. */
  readonly asked: number;
  readonly duration_ms: number;
  readonly findings: readonly SweepFinding[];
}

export interface SweepOptions {
  /** At most so many moments of each pass, spread evenly; default all. */
  readonly sample?: number | undefined;
  /** Only every `of`th moment of each pass, from the `index`th on, counted from 0: a long sweep in parts. */
  readonly part?: { readonly index: number; readonly of: number } | undefined;
  readonly onKill?: (done: number, total: number) => void;
  readonly onFinding?: (finding: SweepFinding) => void;
}

/** More rounds than an op in doubt and a pause at every step could take. */
const MOST_ROUNDS = 100;

/**
 * Kills a run at every moment, then resumes it: it must end as the run that was left alone, each op having taken effect
 * once. Kills it again at every moment and rolls it back; rolls it back and kills that, and rolls back again: things must
 * be as they were at the start.
 */
export class Sweep {
  readonly #spec: StageSpec;
  readonly #options: SweepOptions;
  readonly #findings: SweepFinding[] = [];
  readonly #root: string;
  #experiments = 0;
  #kills = 0;
  #total = 0;
  #asked = 0;

  private constructor(spec: StageSpec, root: string, options: SweepOptions) {
    this.#spec = spec;
    this.#root = root;
    this.#options = options;
  }

  static async run(spec: StageSpec, on: string, options: SweepOptions = {}): Promise<SweepResult> {
    const root = await mkdtemp(join(tmpdir(), "redisha-sweep-"));
    try {
      return await new Sweep(spec, root, options).#run(on);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }

  async #run(on: string): Promise<SweepResult> {
    const started = performance.now();
    const calm = await this.#experiment();
    const start = await this.#snapshot(calm);
    const first = await perform({ ...calm, how: "run" });
    await this.#drive(calm, "resume", first);
    const end = await this.#snapshot(calm);
    const effects = counted(await readEffects(calm.directory));
    const back = await this.#rollBack(calm);
    const restored = isDeepStrictEqual(await this.#snapshot(calm), start);
    const reference: Reference = { start, end, effects, restored, status: first.summary.status };

    const forward = this.#partOf(this.#spread(first.moments));
    const backward = this.#partOf(this.#spread(back?.moments ?? []));
    this.#total = forward.length * 2 + backward.length;
    await this.#each("resume", forward, (moment) => this.#killAndResume(moment, reference));
    await this.#each("rollback", forward, (moment) => this.#killAndRollBack(moment, reference));
    await this.#each("rollback of a rollback", backward, (moment) => this.#killRollback(moment, reference));
    return {
      runbook: first.summary.runbook,
      on,
      moments: first.moments.length,
      rollback_moments: back?.moments.length ?? 0,
      kills: this.#kills,
      asked: this.#asked,
      duration_ms: Math.round(performance.now() - started),
      findings: this.#findings,
    };
  }

  async #killAndResume(moment: Moment, reference: Reference): Promise<void> {
    const at = await this.#experiment();
    await this.#kill({ ...at, how: "run", killAt: moment.number });
    const uncounted = uncountedIn(await pastOf(at.directory), await readKilledAt(at.directory));
    const report = this.#reporter("resume", moment);
    const ended = await this.#drive(at, "resume");
    const { status } = reference;
    if (ended !== status) report(`the run ended ${ended}, where it ends ${status} when it is left alone`);
    const effects = counted(await readEffects(at.directory));
    // A run that goes back by itself and is killed at it starts over: only its end can be compared.
    if (status === "done") for (const what of unlike(reference.effects, effects, uncounted)) report(what);
    if (!isDeepStrictEqual(await this.#snapshot(at), reference.end))
      report("the deployment is not as after a calm run");
    await this.#checkJournal(at, report);
    if (this.#spec.kind === "real") await this.#rollBack(at);
  }

  async #killAndRollBack(moment: Moment, reference: Reference): Promise<void> {
    const at = await this.#experiment();
    await this.#kill({ ...at, how: "run", killAt: moment.number });
    await this.#checkRestored(at, await this.#rollBack(at), this.#reporter("rollback", moment), reference);
  }

  async #killRollback(moment: Moment, reference: Reference): Promise<void> {
    const at = await this.#experiment();
    await this.#drive(at, "resume", await perform({ ...at, how: "run" }));
    await this.#kill({ ...at, how: "rollback", killAt: moment.number });
    const report = this.#reporter("rollback of a rollback", moment);
    await this.#checkRestored(at, await this.#rollBack(at), report, reference);
  }

  async #checkRestored(
    at: Experiment,
    back: Performed | undefined,
    report: (what: string) => void,
    { start, restored }: Reference,
  ): Promise<void> {
    const state = (await pastOf(at.directory))?.record.state;
    if (state !== "rolled_back") report(`the run is ${state}, not rolled back`);
    const kept = back?.summary.rollback?.kept ?? [];
    if (restored && kept.length === 0 && !isDeepStrictEqual(await this.#snapshot(at), start)) {
      report("the deployment is not as it was at the start");
    }
    for (const [op, count] of counted(await readEffects(at.directory))) {
      if (count > 1) report(`${op} took effect ${count} times`);
    }
    await this.#checkJournal(at, report);
  }

  async #checkJournal(at: Experiment, report: (what: string) => void): Promise<void> {
    const { ok, fault } = await verifyRun("last", { REDISHA_STATE_DIR: join(at.directory, "state") });
    if (!ok) report(`the journal does not hold together: ${fault}`);
  }

  /** Goes on, as an operator would who knows what became of each op, until the run is over. Gives its state. */
  async #drive(at: Experiment, how: "resume" | "rollback", begun?: Performed): Promise<string> {
    let last = begun;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const past = last?.past ?? (await pastOf(at.directory));
      const state = past?.record.state ?? "not begun";
      if (!past || (state !== "interrupted" && state !== "paused")) return state;
      const answers = state === "paused" ? await this.#answer(at, past) : undefined;
      last = await perform({ ...at, how, ...(answers ? { answers } : {}) });
    }
    return "never over";
  }

  /** Undefined where there is nothing to take back any more. */
  async #rollBack(at: Experiment): Promise<Performed | undefined> {
    const past = await pastOf(at.directory);
    if (!past || past.record.state === "rolled_back") return undefined;
    const first = await perform({ ...at, how: "rollback" });
    if (first.summary.status === "paused" && first.past) {
      const answers = await this.#answer(at, first.past);
      return perform({ ...at, how: "rollback", answers });
    }
    return first;
  }

  async #answer(at: Experiment, past: RunDetail) {
    const effects = counted(await readEffects(at.directory));
    const answers = { done: [] as string[], redo: [] as string[] };
    const doubtful = [
      ...past.ops.filter(({ inDoubt }) => inDoubt),
      ...past.ops.filter(({ undoInDoubt }) => undoInDoubt).map((op) => ({ ...op, step: `${op.step} (undo)` })),
    ];
    for (const { step, target } of doubtful) {
      this.#asked += 1;
      const list = effects.has(`${step}@${target}`) ? answers.done : answers.redo;
      list.push(`${step}@${target}`);
    }
    return answers;
  }

  async #kill(performance: Performance): Promise<void> {
    await crash(performance);
    this.#kills += 1;
    this.#options.onKill?.(this.#kills, this.#total);
  }

  async #experiment(): Promise<Experiment> {
    this.#experiments += 1;
    const directory = join(this.#root, String(this.#experiments));
    await setUpStage(this.#spec, directory);
    return { stage: this.#spec, directory };
  }

  async #snapshot({ directory }: Experiment): Promise<unknown> {
    const stage = await openStage(this.#spec, directory);
    return stage.snapshot().finally(() => stage.close());
  }

  /** A simulated deployment is the experiment's own; a real one is there once. */
  async #each(
    pass: SweepFinding["pass"],
    moments: readonly Moment[],
    work: (moment: Moment) => Promise<void>,
  ): Promise<void> {
    const queue = [...moments];
    const lane = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await work(next).catch(this.#failed(pass, next));
    };
    const lanes = this.#spec.kind === "real" ? 1 : availableParallelism();
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  #failed(pass: SweepFinding["pass"], moment: Moment): (error: unknown) => void {
    return (error) => {
      if (!(error instanceof RedishaError)) throw error;
      this.#reporter(pass, moment)(`${error.code}: ${error.message}`);
    };
  }

  #reporter(pass: SweepFinding["pass"], { name }: Moment): (what: string) => void {
    return (what) => {
      const finding = { pass, moment: name, what };
      this.#findings.push(finding);
      this.#options.onFinding?.(finding);
    };
  }

  #partOf(moments: readonly Moment[]): Moment[] {
    const { index, of } = this.#options.part ?? { index: 0, of: 1 };
    return moments.filter((_, position) => position % of === index);
  }

  #spread(names: readonly string[]): Moment[] {
    const all = names.map((name, index) => ({ name, number: index + 1 }));
    const { sample = all.length } = this.#options;
    if (sample >= all.length) return all;
    const step = (all.length - 1) / Math.max(1, sample - 1);
    return [...new Set(Array.from({ length: sample }, (_, index) => all[Math.round(index * step)]))].flatMap(
      (moment) => moment ?? [],
    );
  }
}

interface Moment {
  readonly name: string;
  readonly number: number;
}

type Experiment = Pick<Performance, "stage" | "directory">;

/** A run that was not killed. */
interface Reference {
  readonly start: unknown;
  readonly end: unknown;
  readonly effects: ReadonlyMap<string, number>;
  /** Whether rolling it back brought the start back: not so where a step says `undo: none`. */
  readonly restored: boolean;
  readonly status: string;
}

function counted(effects: readonly { step: string; target: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { step, target } of effects) {
    const op = `${step}@${target}`;
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return counts;
}

/**
 * Ops in doubt beside the one at which the process killed itself. One of them may have taken effect though nobody was left
 * to count it: whether it did, the end of the run tells.
 */
function uncountedIn(past: RunDetail | undefined, killedAt: string): ReadonlySet<string> {
  const doubtful = past?.ops.filter(({ inDoubt }) => inDoubt).map(({ step, target }) => `${step}@${target}`) ?? [];
  return new Set(doubtful.filter((op) => !killedAt.endsWith(` ${op}`)));
}

function unlike(
  wanted: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
  uncounted: ReadonlySet<string>,
): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])]
    .filter((op) => wanted.get(op) !== found.get(op))
    .filter((op) => !(uncounted.has(op) && wanted.get(op) === 1 && !found.has(op)))
    .map((op) => `${op} took effect ${found.get(op) ?? 0} times, not ${wanted.get(op) ?? 0}`);
}

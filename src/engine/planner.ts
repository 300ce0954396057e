import type { Action } from "../actions/contract.ts";
import { RedishaError } from "../core/errors.ts";
import { resolveInputValues } from "../runbook/inputs.ts";
import type { Runbook, Step } from "../runbook/model.ts";
import type { Topology } from "../topology/schema.ts";
import { actionNamed } from "./action-named.ts";
import { batchesOf } from "./batches.ts";
import { readsModel, refuseFailedAssertions } from "./conditions.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import { factsOf, type OpFacts } from "./facts.ts";
import { asRecord, Frame, type FrameValues } from "./frame.ts";
import { healthAfter, healthWithout } from "./health.ts";
import { type OpServices, runOp } from "./op.ts";
import type { Certainty, Plan, PlannedOp, PlannedStep } from "./plan.ts";
import { planOp } from "./planned-op.ts";
import { inputOf, whereOf } from "./shown.ts";

type Written = Partial<Pick<PlannedStep, "batches" | "skipped" | "note" | "health">>;

/**
 * Walks a runbook as the executor would, runs the steps that only read, and writes down what the others would do. A step
 * whose content depends on one that was not run is `known_after` it; a condition that reads the deployment after
 * something would have changed it is `conditional`.
 */
export class Planner {
  readonly #services: OpServices;
  readonly #planned: PlannedStep[] = [];
  /** Steps whose results are not known, because they were not run. */
  #unknown = new Set<string>();
  #runbook: Runbook | undefined;
  /** The first step that would change the deployment: what is read after it may differ from now. */
  #changedBy: string | undefined;
  /** The gate that would stop the run now, and whether what is planned runs nevertheless. */
  #gate: string | undefined;
  #tidying = false;
  /** Instances that steps so far have stopped and not started again. */
  readonly #stopped = new Set<string>();
  /** What the steps so far make of the deployment. */
  #supposed: (topology: Topology) => Topology = (topology) => topology;

  constructor(services: OpServices) {
    this.#services = services;
  }

  /** The steps, and the gate at which the run would stop as things are now. */
  async plan(runbook: Runbook, values: FrameValues): Promise<Pick<Plan, "steps" | "stops_at">> {
    this.#runbook = runbook;
    try {
      await this.#steps(runbook, { frame: new Frame(values), depth: 0, path: "" });
    } finally {
      this.#services.live.suppose(undefined);
    }
    return { steps: this.#planned, ...(this.#gate === undefined ? {} : { stops_at: this.#gate }) };
  }

  async #steps(runbook: Runbook, scope: Scope): Promise<void> {
    for (const [name, expression] of runbook.vars) {
      scope.frame.setVar(name, await this.#services.evaluator.expression(expression, scope.frame));
    }
    for (const step of runbook.steps) await this.#step(step, scope);
    const around = this.#tidying;
    this.#tidying = true;
    for (const step of runbook.finally) await this.#step(step, scope);
    this.#tidying = around;
  }

  /** `forced`: the certainty of the steps around it, where that is less than exact. */
  async #step(step: Step, scope: Scope, forced?: Certainty): Promise<void> {
    const action = actionNamed(step.action, this.#services);
    if (forced?.kind !== "known_after" && (await this.#isOff(step, scope))) {
      this.#write(step, scope, this.#around(forced), { skipped: "condition" });
      await this.#leaveOut(step, action, scope);
      return;
    }
    const own = this.#certainty(step);
    const certainty = own.kind === "exact" || forced?.kind === "known_after" ? this.#around(forced) : own;
    // Inside such a block there is not even a target yet.
    if (certainty.kind === "known_after") {
      // Whom it starts is not known, so that of nobody it can be said that he is away.
      if (action.leaves === "started") this.#stopped.clear();
      this.#write(step, scope, certainty);
      for (const inner of step.block?.steps ?? []) {
        await this.#step(inner, { ...scope, depth: scope.depth + 1, path: `${scope.path}${step.id}.` }, certainty);
      }
      this.#leaveUnknown(step);
      return;
    }
    const targets = await this.#services.evaluator.opsOf(step, action.scope, scope);
    const { due, skipped } =
      certainty.kind === "exact" ? await this.#due(step, targets, scope) : { due: targets, skipped: undefined };
    const none = due.length === 0 && skipped ? { skipped } : {};
    if (step.block || step.runbook) {
      this.#write(step, scope, certainty, none);
      for (const op of due) await this.#container(step, op, scope, certainty.kind === "exact" ? undefined : certainty);
      return;
    }
    const ops = await Promise.all(due.map((op) => planOp(step, action, op, scope, this.#services)));
    const batches = batchesOf(ops, step.rollout);
    const reading =
      step.effect === "read" &&
      !action.measures &&
      certainty.kind === "exact" &&
      !step.until &&
      !step.assertions &&
      step.action !== "confirm" &&
      step.action !== "pause";
    const { failure, found } = reading ? await this.#read(step, action, targets, scope) : {};
    const note = (certainty.kind === "exact" ? await this.#note(step, due, scope, failure) : undefined) ?? found;
    const moves = certainty.kind === "exact" && action.simulate !== undefined;
    this.#write(step, scope, certainty, {
      batches,
      ...none,
      ...(note ? { note } : {}),
      ...(moves
        ? await this.#suppose(step, action, batchesOf(due, step.rollout), scope)
        : this.#health(step, action, batches, scope)),
    });
    if (action.leaves === "started") for (const { id } of due) this.#stopped.delete(id);
    if (!reading || failure !== undefined) this.#leaveUnknown(step);
  }

  async #container(step: Step, op: OpTarget, scope: Scope, forced: Certainty | undefined): Promise<void> {
    const { target } = op;
    const path = target ? `${scope.path}${step.id}[${op.id}].` : `${scope.path}${step.id}.`;
    if (step.runbook) {
      const { compiled, inputs } = step.runbook;
      const given = await this.#services.evaluator.template(inputs, scope.frame, target ?? scope.target);
      const values = { inputs: resolveInputValues(compiled, asRecord(given), `step ${step.id}`) };
      const frame = new Frame({ ...scope.frame.values, ...values });
      const around = this.#unknown;
      this.#unknown = new Set();
      await this.#steps(compiled, { frame, depth: scope.depth + 1, path });
      const known = step.effect === "read" && this.#unknown.size === 0 && forced === undefined;
      this.#unknown = around;
      if (known) scope.frame.record(step.id, factsOf(new Map([[op.id, await this.#result(compiled, frame)]])));
      else this.#unknown.add(step.id);
      return;
    }
    const frame = target ? scope.frame.inner() : scope.frame;
    const inner: Scope = { frame, depth: scope.depth + 1, path, ...(target ? { target } : {}) };
    const { steps = [], rescue = [], always = [] } = step.block ?? {};
    for (const nested of steps) await this.#step(nested, inner, forced);
    for (const nested of rescue)
      await this.#step(nested, inner, { kind: "conditional", on: `a step of ${step.id} fails` });
    for (const nested of always) await this.#step(nested, inner, forced);
  }

  /** What a runbook that only read gives to the one that called it. */
  async #result(runbook: Runbook, frame: Frame): Promise<OpFacts> {
    const outputs: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(runbook.outputs)) {
      outputs[name] = await this.#services.evaluator.expression(expression, frame);
    }
    return { status: "ok", changed: false, outputs };
  }

  /** Whether its condition is one for all targets, known by now, and does not hold: then nothing else of it matters. */
  async #isOff({ when }: Step, scope: Scope): Promise<boolean> {
    if (!when || when.reads.some((root) => this.#isOpen(root) || /^host(\.|$)/.test(root))) return false;
    return !(await this.#services.evaluator.condition(when, scope.frame, scope.target));
  }

  /** What others see of a step that is not run for its condition. */
  async #leaveOut(step: Step, action: Action, scope: Scope): Promise<void> {
    if (choiceOf(step).some((root) => this.#isOpen(root))) {
      this.#unknown.add(step.id);
      return;
    }
    const ops = await this.#services.evaluator.opsOf(step, action.scope, scope);
    const skipped: OpFacts = { status: "skipped_condition", changed: false, outputs: {} };
    scope.frame.record(step.id, factsOf(new Map(ops.map(({ id }) => [id, skipped]))));
  }

  /** The ops whose conditions hold now; why the others would be skipped. */
  async #due(step: Step, targets: readonly OpTarget[], scope: Scope) {
    const { evaluator } = this.#services;
    const due: OpTarget[] = [];
    let skipped: "condition" | "done" | undefined;
    for (const op of targets) {
      if (step.when && !(await evaluator.condition(step.when, scope.frame, op.target ?? scope.target)))
        skipped = "condition";
      else if (step.skipIf && (await evaluator.condition(step.skipIf, scope.frame, op.target ?? scope.target)))
        skipped = "done";
      else due.push(op);
    }
    return { due, skipped };
  }

  /**
   * Reads run while planning, so that what follows from them is exact. Tells why one failed, since its result stays unknown
   * then, and what the others found that an operator should know.
   */
  async #read(
    step: Step,
    action: Action,
    targets: readonly OpTarget[],
    scope: Scope,
  ): Promise<{ failure?: string; found?: string }> {
    const ops = new Map<string, OpFacts>();
    await Promise.all(targets.map(async (op) => ops.set(op.id, await runOp(step, action, op, scope, this.#services))));
    scope.frame.record(step.id, factsOf(ops));
    const failure = [...ops.values()].find(({ error }) => error)?.error?.message;
    if (failure !== undefined) return { failure };
    const found = [...ops]
      .filter(([, { status }]) => status === "ok")
      .map(([id, { outputs }]) => `${action.scope === "controller" ? "" : `${id}: `}${action.tell?.(outputs)}`);
    return action.tell && found.length > 0 ? { found: found.join("\n") } : {};
  }

  /** What an operator should know of the step beside what it does. */
  async #note(
    step: Step,
    due: readonly OpTarget[],
    scope: Scope,
    failure: string | undefined,
  ): Promise<string | undefined> {
    const refusal = failure ?? (await this.#refusal(step, due, scope));
    if (refusal !== undefined && scope.depth === 0 && step.onFailure !== "continue") this.#gate ??= step.id;
    if (refusal !== undefined) return `would stop here now: ${refusal}`;
    const silent = await this.#services.evaluator.silentFor(step);
    return silent.length > 0 ? `left out, since they do not answer: ${silent.join(", ")}` : undefined;
  }

  /** Why an assert would stop the run now; nothing where that hangs on a step whose result is not known. */
  async #refusal(step: Step, due: readonly OpTarget[], scope: Scope): Promise<string | undefined> {
    if (this.#changedBy !== undefined || !step.assertions) return undefined;
    if (step.assertions.some(({ that }) => that.reads.some((root) => this.#isOpen(root)))) return undefined;
    try {
      for (const op of due) await refuseFailedAssertions(step, op, scope, this.#services.evaluator);
      return undefined;
    } catch (error) {
      if (error instanceof RedishaError && error.code === "ASSERT_FAILED") return error.message;
      throw error;
    }
  }

  #health(
    step: Step,
    action: Action,
    batches: readonly (readonly PlannedOp[])[],
    scope: Scope,
  ): Pick<Written, "health"> {
    if (step.effect !== "disruptive" && step.effect !== "destructive") return {};
    const topology = this.#services.live.current();
    const invariants = this.#runbook?.invariants ?? [];
    const health: string[] = [];
    for (const batch of batches) {
      const ids = batch.map(({ target }) => target).filter((id) => id !== "controller");
      if (ids.length === 0) continue;
      const away = new Set([...this.#stopped, ...ids]);
      health.push(healthWithout(topology, [...away], invariants, scope.frame));
      if (action.leaves === "stopped") for (const id of ids) this.#stopped.add(id);
    }
    return health.length > 0 ? { health } : {};
  }

  /** Steps behind one that moves roles are planned for the roles as they will be. Says, for each batch, what these are. */
  async #suppose(
    step: Step,
    action: Action,
    batches: readonly (readonly OpTarget[])[],
    scope: Scope,
  ): Promise<Pick<Written, "health">> {
    const { evaluator, live } = this.#services;
    const health: string[] = [];
    for (const batch of batches) {
      const before = live.current();
      for (const op of batch) {
        const rendered = await evaluator.template(step.with, scope.frame, op.target);
        const input = inputOf(action, { step: step.id, position: step.with.position }, rendered);
        const earlier = this.#supposed;
        this.#supposed = (topology) => action.simulate?.(input, earlier(topology), whereOf(op)) ?? topology;
        live.suppose(this.#supposed);
      }
      health.push(healthAfter(before, live.current(), this.#runbook?.invariants ?? [], scope.frame));
    }
    return { health };
  }

  #leaveUnknown(step: Step): void {
    this.#unknown.add(step.id);
    if (step.effect !== "read") this.#changedBy ??= step.id;
  }

  #certainty(step: Step): Certainty {
    const content = [...step.with.reads, ...(step.runbook?.inputs.reads ?? [])];
    const blocking = [...content, ...choiceOf(step)]
      .map(stepRead)
      .find((id) => id !== undefined && this.#unknown.has(id));
    if (blocking !== undefined) return { kind: "known_after", step: blocking };
    if (this.#changedBy !== undefined && readsModel(content)) return { kind: "known_after", step: this.#changedBy };
    const conditions = [step.when, step.skipIf].filter((expression) => expression !== undefined);
    const open = conditions.find(({ reads }) => reads.some((root) => this.#isOpen(root)));
    return open ? { kind: "conditional", on: open.source } : { kind: "exact" };
  }

  /** What stands around an exact step: a condition of its block, or a gate before it that would stop the run now. */
  #around(forced: Certainty | undefined): Certainty {
    if (forced) return forced;
    if (this.#gate === undefined || this.#tidying) return { kind: "exact" };
    return { kind: "conditional", on: `${this.#gate} lets it pass` };
  }

  /** Whether the value may differ by the time the step runs. */
  #isOpen(root: string): boolean {
    const id = stepRead(root);
    if (id !== undefined) return this.#unknown.has(id);
    return this.#changedBy !== undefined && readsModel([root]);
  }

  #write(step: Step, scope: Scope, certainty: Certainty, written: Written = {}): void {
    const { pointOfNoReturn } = step;
    const noReturn = typeof pointOfNoReturn === "object" ? pointOfNoReturn.source : pointOfNoReturn;
    this.#planned.push({
      step: `${scope.path}${step.id}`,
      name: step.name ?? step.id,
      action: step.action,
      effect: step.effect,
      depth: scope.depth,
      certainty,
      batches: [],
      live: step.targets?.resolve === "live" && this.#changedBy !== undefined,
      ...(noReturn === undefined || noReturn === false ? {} : { point_of_no_return: noReturn }),
      ...written,
    });
  }
}

/** What the choice of targets rests on. */
function choiceOf({ targets }: Step): readonly string[] {
  return [...(targets?.where?.reads ?? []), ...(targets?.orderBy?.reads ?? [])];
}

/** The id of the step an expression reads, from `steps.<id>…`. */
function stepRead(root: string): string | undefined {
  return /^steps\.([a-z][a-z0-9_]*)/.exec(root)?.[1];
}

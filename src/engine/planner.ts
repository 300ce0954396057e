import type { Action } from "../actions/contract.ts";
import { resolveInputValues } from "../runbook/inputs.ts";
import type { Runbook, Step } from "../runbook/model.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import { factsOf, type OpFacts } from "./facts.ts";
import { asRecord, Frame, type FrameValues } from "./frame.ts";
import { type OpServices, runOp } from "./op.ts";
import type { Certainty, PlannedCommand, PlannedOp, PlannedStep } from "./plan.ts";
import { batchesOf } from "./rollout.ts";
import { commandsOf } from "./shown.ts";

/**
 * Walks a runbook as the executor would, runs the steps that only read, and writes down what the others would do. A step
 * whose content depends on one that was not run is `known_after` it; a condition that reads the deployment after
 * something would have changed it is `conditional`.
 */
export class Planner {
  readonly #services: OpServices;
  readonly #planned: PlannedStep[] = [];
  /** Steps whose results are not known, because they were not run. */
  readonly #unknown = new Set<string>();
  /** The first step that would change the deployment: what is read after it may differ from now. */
  #changedBy: string | undefined;

  constructor(services: OpServices) {
    this.#services = services;
  }

  async plan(runbook: Runbook, values: FrameValues): Promise<readonly PlannedStep[]> {
    await this.#runbook(runbook, { frame: new Frame(values), depth: 0, path: "" });
    return this.#planned;
  }

  async #runbook(runbook: Runbook, scope: Scope): Promise<void> {
    for (const [name, expression] of runbook.vars) {
      scope.frame.setVar(name, await this.#services.evaluator.expression(expression, scope.frame));
    }
    for (const step of [...runbook.steps, ...runbook.finally]) await this.#step(step, scope);
  }

  async #step(step: Step, scope: Scope): Promise<void> {
    const action = this.#services.actions.get(step.action);
    if (!action) throw new TypeError(`no action ${step.action}`);
    const certainty = this.#certainty(step);
    if (certainty.kind === "known_after") {
      this.#write(step, scope, certainty, []);
      this.#leaveUnknown(step);
      return;
    }
    const targets = await this.#services.evaluator.opsOf(step, action.scope, scope);
    const { due, skipped } =
      certainty.kind === "exact" ? await this.#due(step, targets, scope) : { due: targets, skipped: undefined };
    if (step.block || step.runbook) {
      this.#write(step, scope, certainty, [], skipped && due.length === 0 ? skipped : undefined);
      for (const op of due) await this.#container(step, op, scope);
      return;
    }
    const ops = await Promise.all(due.map((op) => this.#op(step, action, op, scope)));
    this.#write(step, scope, certainty, batchesOf(ops, step.rollout), due.length === 0 ? skipped : undefined);
    if (step.effect === "read" && certainty.kind === "exact") await this.#read(step, action, targets, scope);
    else this.#leaveUnknown(step);
  }

  async #container(step: Step, op: OpTarget, scope: Scope): Promise<void> {
    const { target } = op;
    const path = target ? `${scope.path}${step.id}[${op.id}].` : `${scope.path}${step.id}.`;
    if (step.runbook) {
      const { compiled, inputs } = step.runbook;
      const given = await this.#services.evaluator.template(inputs, scope.frame, target);
      const frame = new Frame({
        ...scope.frame.values,
        inputs: resolveInputValues(compiled, asRecord(given), `step ${step.id}`),
      });
      await this.#runbook(compiled, { frame, depth: scope.depth + 1, path });
      return;
    }
    const frame = target ? scope.frame.inner() : scope.frame;
    const inner: Scope = { frame, depth: scope.depth + 1, path, ...(target ? { target } : {}) };
    for (const nested of step.block?.steps ?? []) await this.#step(nested, inner);
    for (const nested of step.block?.always ?? []) await this.#step(nested, inner);
  }

  /** The ops whose conditions hold now; why the others would be skipped. */
  async #due(step: Step, targets: readonly OpTarget[], scope: Scope) {
    const { evaluator } = this.#services;
    const due: OpTarget[] = [];
    let skipped: "condition" | "done" | undefined;
    for (const op of targets) {
      if (step.when && !(await evaluator.condition(step.when, scope.frame, op.target))) skipped = "condition";
      else if (step.skipIf && (await evaluator.condition(step.skipIf, scope.frame, op.target))) skipped = "done";
      else due.push(op);
    }
    return { due, skipped };
  }

  async #op(step: Step, action: Action, op: OpTarget, scope: Scope): Promise<PlannedOp> {
    const rendered = await this.#services.evaluator.template(step.with, scope.frame, op.target);
    const commands: PlannedCommand[] = [
      ...commandsOf(action, { step: step.id, position: step.with.position }, rendered, op),
    ];
    for (const { that } of step.assertions ?? [])
      commands.push({ transport: "controller", text: `assert ${that.source}` });
    if (step.until) commands.push({ transport: "controller", text: `until ${step.until.source}` });
    return { target: op.id, commands };
  }

  /** Reads run while planning, so that what follows from them is exact. One that fails leaves its result unknown. */
  async #read(step: Step, action: Action, targets: readonly OpTarget[], scope: Scope): Promise<void> {
    if (step.until || step.assertions) return this.#leaveUnknown(step);
    const ops = new Map<string, OpFacts>();
    await Promise.all(targets.map(async (op) => ops.set(op.id, await runOp(step, action, op, scope, this.#services))));
    scope.frame.record(step.id, factsOf(ops));
    if ([...ops.values()].some(({ error }) => error)) this.#unknown.add(step.id);
  }

  #leaveUnknown(step: Step): void {
    this.#unknown.add(step.id);
    if (step.effect !== "read") this.#changedBy ??= step.id;
  }

  #certainty(step: Step): Certainty {
    const content = [...step.with.reads, ...(step.runbook?.inputs.reads ?? [])];
    const conditions = [step.when, step.skipIf].filter((expression) => expression !== undefined);
    const blocking = [...content, ...(step.targets?.where?.reads ?? []), ...(step.targets?.orderBy?.reads ?? [])]
      .map(stepRead)
      .find((id) => id !== undefined && this.#unknown.has(id));
    if (blocking !== undefined) return { kind: "known_after", step: blocking };
    const open = conditions.find(({ reads }) => reads.some((root) => this.#isOpen(root)));
    return open ? { kind: "conditional", on: open.source } : { kind: "exact" };
  }

  /** Whether the value may differ by the time the step runs. */
  #isOpen(root: string): boolean {
    const id = stepRead(root);
    if (id !== undefined) return this.#unknown.has(id);
    return this.#changedBy !== undefined && /^(topo|host)(\.|$)/.test(root);
  }

  #write(step: Step, scope: Scope, certainty: Certainty, batches: PlannedOp[][], skipped?: "condition" | "done"): void {
    this.#planned.push({
      step: `${scope.path}${step.id}`,
      name: step.name ?? step.id,
      action: step.action,
      effect: step.effect,
      depth: scope.depth,
      certainty,
      batches,
      live: step.targets?.resolve === "live" && this.#changedBy !== undefined,
      ...(skipped ? { skipped } : {}),
    });
  }
}

/** The id of the step an expression reads, from `steps.<id>…`. */
function stepRead(root: string): string | undefined {
  return /^steps\.([a-z][a-z0-9_]*)/.exec(root)?.[1];
}

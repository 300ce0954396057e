import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Host } from "../inventory/model.ts";
import type { ActionScope } from "../runbook/action-spec.ts";
import type { EvalContext, Expression, Runbook, Step, Template } from "../runbook/model.ts";
import type { DataNode, SentinelNode, Topology } from "../topology/schema.ts";
import type { Frame } from "./frame.ts";
import type { LiveDeployment } from "./live.ts";
import { selectTargets, type Target } from "./targets.ts";

/** Where a step stands: the frame its expressions see, the target of the block around it, and how deep it is nested. */
export interface Scope {
  readonly frame: Frame;
  readonly target?: Target;
  readonly depth: number;
  /** Path of the steps around it, with the target of each block: `replicas[r2:6379]`. */
  readonly path: string;
  /**
   * What stands here is over: an earlier process was already at its rescue, its clean-up or its way back. Nothing of it is
   * run; every op ends as the journal says that it did.
   */
  readonly replay?: boolean;
}

type Extras = Pick<EvalContext, "before" | "result">;

/** What one op works on; without a target it works on the operator's machine. */
export interface OpTarget {
  readonly id: string;
  readonly target?: Target;
  /** Set for actions that work on machines. */
  readonly host?: Host;
}

/** Evaluates conditions and templates against the live model, which is looked at only when an expression needs it. */
export class Evaluator {
  readonly #live: LiveDeployment;
  readonly #signal: AbortSignal;
  readonly #requires: Pick<Runbook["requires"], "answers">;

  constructor(live: LiveDeployment, signal: AbortSignal, requires: Pick<Runbook["requires"], "answers">) {
    this.#live = live;
    this.#signal = signal;
    this.#requires = requires;
  }

  /** The same, given up by another signal. */
  under(signal: AbortSignal): Evaluator {
    return new Evaluator(this.#live, signal, this.#requires);
  }

  async expression(expression: Expression, frame: Frame, target?: Target, extras: Extras = {}): Promise<unknown> {
    return expression.evaluate(await this.#context(expression.reads, frame, target, extras));
  }

  async condition(expression: Expression, frame: Frame, target?: Target, extras: Extras = {}): Promise<boolean> {
    return (await this.expression(expression, frame, target, extras)) === true;
  }

  async template(template: Template, frame: Frame, target?: Target, extras: Extras = {}): Promise<unknown> {
    return template.render(await this.#context(template.reads, frame, target, extras));
  }

  /** The ops of a step: one per target in order, or a single one on the operator's machine. */
  async opsOf(step: Step, scope: ActionScope, at: Scope): Promise<OpTarget[]> {
    const targets = await this.#targetsOf(step, at);
    if (scope === "controller" || targets === undefined) return [{ id: "controller" }];
    if (scope !== "host") return targets.map((target) => ({ id: target.id, target }));
    const perHost = new Map<string, OpTarget>();
    for (const target of targets) {
      const { host } = target.instance;
      if (!perHost.has(host.name)) perHost.set(host.name, { id: host.name, target, host });
    }
    return [...perHost.values()];
  }

  /**
   * Declared instances that a step by role leaves out because they do not answer: nobody knows what they are now. A step
   * with a `where` has said itself whom it means.
   */
  async silentFor({ targets }: Step): Promise<string[]> {
    if (!targets || targets.where || (targets.role !== "primary" && targets.role !== "replica")) return [];
    const { nodes } = await this.#model();
    return nodes
      .filter(({ listed, role }) => listed && role === "unknown")
      .filter(({ id, host }) => !targets.hosts || targets.hosts.includes(id) || targets.hosts.includes(host))
      .map(({ id }) => id);
  }

  /** What expressions see as `host`, as the model has it now. */
  liveOf(target: Target): unknown {
    const topology = this.#live.current();
    return (
      topology.nodes.find(({ id }) => id === target.id) ??
      topology.sentinels.find(({ id }) => id === target.id) ??
      target.live ?? { id: target.id }
    );
  }

  async #targetsOf(step: Step, at: Scope): Promise<Target[] | undefined> {
    const { targets } = step;
    if (!targets) return at.target ? [at.target] : undefined;
    const read = [...(targets.where?.reads ?? []), ...(targets.orderBy?.reads ?? [])];
    const needsModel = read.some(isLive) || targets.role === "primary" || targets.role === "replica";
    const topology = needsModel ? await this.#model() : this.#live.current();
    const found = selectTargets(targets, this.#live.deployment, topology, (live) =>
      at.frame.context(topology, { host: live }),
    );
    const wanted = new Set(targets.hosts ?? []);
    for (const { id, host } of this.#live.deployment.instances) {
      wanted.delete(id);
      wanted.delete(host.name);
    }
    const [unknown] = wanted;
    if (unknown !== undefined) throw noSuchTarget(step, unknown);
    return found;
  }

  /**
   * The live model. A model of a deployment in which nobody answered says nothing: that is an error, and why, unless the
   * runbook is there to bring servers up.
   */
  async #model(): Promise<Topology> {
    const topology = await this.#live.topology(this.#signal);
    if (!this.#requires.answers) return topology;
    const instances = [...topology.nodes, ...topology.sentinels].filter(({ listed }) => listed);
    const [first] = instances;
    if (first && instances.every(({ reach }) => !reach.ok)) throw nobodyAnswers(first);
    return topology;
  }

  async #context(
    reads: readonly string[],
    frame: Frame,
    target: Target | undefined,
    extras: Extras,
  ): Promise<EvalContext> {
    const needsModel = reads.some(isLive);
    const topology = needsModel ? await this.#model() : this.#live.current();
    return frame.context(topology, { ...extras, ...(target ? { host: this.liveOf(target) } : {}) });
  }
}

/** Whether a root is part of the live model. */
function isLive(root: string): boolean {
  return /^(topo|host)(\.|$)/.test(root);
}

function nobodyAnswers({ id, reach }: DataNode | SentinelNode): RedishaError {
  return new RedishaError({
    code: reach.code ?? "UNREACHABLE",
    message: `No instance could be reached; ${id}: ${reach.message ?? "no answer"}`,
    host: id,
    exit: EXIT.cannotConnect,
    state: "this step did not start",
    next: [...reach.next, "redisha status"],
  });
}

function noSuchTarget(step: Step, name: string): RedishaError {
  return new RedishaError({
    code: "TARGET_UNKNOWN",
    message: `Step ${step.id} targets ${name}, which is neither a host nor an instance of the deployment.`,
    exit: EXIT.usage,
    position: step.position,
    next: ["redisha status --wide"],
  });
}

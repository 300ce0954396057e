import type { RedisConnection } from "../connect/types.ts";
import type { Deployment, Instance } from "../inventory/model.ts";
import type { Declared, Observation } from "../topology/observation.ts";
import type { Topology } from "../topology/schema.ts";
import type { Connections } from "./connections.ts";

/** Looks at one instance. Never throws: what could not be read is part of the observation. */
export type Observe = (
  instance: Instance,
  deployment: Deployment,
  open: (signal: AbortSignal) => Promise<RedisConnection>,
  signal: AbortSignal,
) => Promise<Observation>;

export type BuildTopology = (declared: Declared, observations: Observation[]) => Topology;

/** Older than this, what an instance said is asked for again before a step relies on it. */
const MAX_AGE_MS = 10_000;

/** The live model of one deployment during a run: the last observation of every instance, and the topology they make. */
export class LiveDeployment {
  readonly deployment: Deployment;
  readonly connections: Connections;
  readonly #observe: Observe;
  readonly #build: BuildTopology;
  readonly #observations = new Map<string, { observation: Observation; since: number }>();
  #topology: Topology | undefined;
  #supposed: ((topology: Topology) => Topology) | undefined;

  constructor(deployment: Deployment, connections: Connections, observe: Observe, build: BuildTopology) {
    this.deployment = deployment;
    this.connections = connections;
    this.#observe = observe;
    this.#build = build;
  }

  /**
   * The model as last seen. Instances that were never looked at, whose observation is old or from before a change, or
   * all with `fresh`, are looked at now, all at once.
   */
  async topology(signal: AbortSignal, options: { fresh?: boolean } = {}): Promise<Topology> {
    const { instances } = this.deployment;
    const due = options.fresh ? instances : instances.filter((instance) => this.#isDue(instance));
    if (due.length > 0) {
      if (options.fresh) this.connections.forgetFailures();
      this.connections.warmUp(due);
      await Promise.all(due.map((instance) => this.look(instance, signal)));
    }
    return this.current();
  }

  /** Looks at one instance now and takes what it says into the model. */
  async look(instance: Instance, signal: AbortSignal): Promise<Observation> {
    const observation = await this.#observe(instance, this.deployment, () => this.connections.redis(instance), signal);
    this.#observations.set(observation.instance, { observation, since: performance.now() });
    this.#topology = undefined;
    return observation;
  }

  /** Says that something was changed: the next step that relies on the model looks again. */
  invalidate(): void {
    for (const seen of this.#observations.values()) seen.since = Number.NEGATIVE_INFINITY;
  }

  /** The model of what has been observed so far, without looking again. */
  current(): Topology {
    const observations = [...this.#observations.values()].map(({ observation }) => observation);
    this.#topology ??= this.#asSupposed(this.#build(declaredOf(this.deployment), observations));
    return this.#topology;
  }

  /** For plans: from now on the model is shown as this makes it of what is there; undefined shows it as it is again. */
  suppose(change: ((topology: Topology) => Topology) | undefined): void {
    this.#supposed = change;
    this.#topology = undefined;
  }

  #asSupposed(topology: Topology): Topology {
    return this.#supposed?.(topology) ?? topology;
  }

  #isDue(instance: Instance): boolean {
    const seen = this.#observations.get(instance.id);
    return seen === undefined || performance.now() - seen.since > MAX_AGE_MS;
  }
}

function declaredOf(deployment: Deployment): Declared {
  return {
    deployment: deployment.name,
    kind: deployment.kind,
    ...(deployment.masterName === undefined ? {} : { master_name: deployment.masterName }),
    ...(deployment.sentinel ? { quorum: deployment.sentinel.quorum } : {}),
    ...(deployment.engine.version === undefined ? {} : { engine_version: deployment.engine.version }),
    ...(deployment.engine.standby === undefined ? {} : { standby: deployment.engine.standby }),
  };
}

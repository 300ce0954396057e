import { monitorEventLoopDelay } from "node:perf_hooks";
import type { RedishaError } from "../core/errors.ts";
import type { DrillEventBody } from "../engine/events.ts";
import { Addresses } from "./addresses.ts";
import { CLOCK_SOURCE, clockResolutionMs, monotonicMs } from "./clock.ts";
import { Dialer } from "./dialer.ts";
import type { RawRecording, Tally } from "./messages.ts";
import { Patience } from "./patience.ts";
import { Phases } from "./phases.ts";
import type { Client } from "./probes/client.ts";
import { makeProbes } from "./probes/make-probes.ts";
import type { Writer } from "./probes/writer.ts";
import type {
  Attempt,
  ClusterSample,
  Mark,
  ReadBack,
  RoleSample,
  SentinelEvent,
  StalenessSample,
} from "./recording.ts";
import { Scene } from "./scene.ts";
import type { DrillSettings } from "./settings.ts";
import { sampleOf, tallyOf } from "./tally.ts";
import { InstanceWatch } from "./watch/instance-watch.ts";
import { SentinelWatch } from "./watch/sentinel-watch.ts";

const SAMPLE_MS = 250;

/** How often the thread checks how late it is itself. */
const DELAY_RESOLUTION_MS = 5;

/** Probes, watchers and what they recorded: all of a drill that happens in its thread. */
export class Measuring {
  readonly settings: DrillSettings;
  readonly origin = monotonicMs();
  readonly #startedAt = new Date().toISOString();
  readonly dialer: Dialer;
  readonly scene: Scene;
  readonly writers: readonly Writer[];
  readonly readBacks: ReadBack[] = [];
  readonly #patience: Patience;
  readonly #probes: readonly Client[];
  readonly #watches: readonly (InstanceWatch | SentinelWatch)[];
  readonly #phases: Phases;
  readonly #staleness: StalenessSample[] = [];
  readonly #events: SentinelEvent[] = [];
  readonly #roles: RoleSample[] = [];
  readonly #cluster: ClusterSample[] = [];
  readonly #marks: Mark[] = [];
  /** Instances whose writes somebody has paused, which no command tells on every version. */
  readonly #paused = new Set<string>();
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #resolution = clockResolutionMs();
  #stopped: Promise<Tally> | undefined;

  constructor(settings: DrillSettings, emit: (event: DrillEventBody) => void) {
    this.settings = settings;
    this.dialer = new Dialer(settings);
    this.#patience = new Patience(settings);
    this.scene = new Scene(settings);
    this.#phases = new Phases(this.scene, settings.master_name, emit);
    const addresses = new Addresses(settings);
    const now = () => this.now();
    const { writers, readers } = makeProbes(settings, {
      ...{ now, dialer: this.dialer, addresses, limits: this.#patience },
      onAttempt: (probe, attempt) => this.#attempted(probe, attempt),
      onStaleness: (sample) => this.#staleness.push(sample),
    });
    this.writers = writers;
    this.#probes = [...writers, ...readers];
    this.#watches = settings.instances.map(({ id, kind }) =>
      kind === "sentinel" ? this.#sentinelWatch(id, now) : this.#instanceWatch(id, now, addresses),
    );
    this.#timers.push(setInterval(() => this.#sample(emit), SAMPLE_MS));
  }

  now(): number {
    return monotonicMs() - this.origin;
  }

  start(): void {
    this.#delay.enable();
    for (const watch of this.#watches) watch.start();
    for (const probe of this.#probes) probe.start();
  }

  /** Probes that have not been answered yet, each with its last error. */
  unanswered(): string[] {
    return this.#probes.flatMap(({ name, log, served }) =>
      served ? [] : [`${name} (${log.at(log.length - 1)?.error ?? "no answer yet"})`],
    );
  }

  /** From now on a connection that does not come about soon is a failure, and the time of the drill runs. */
  measure(): void {
    this.#patience.measure();
    this.#timers.push(setTimeout(() => void this.#tooLong(), this.settings.limit_ms));
  }

  /** Whether somebody is still to be heard for the first time by the watchers. */
  watchesAll(): boolean {
    return this.#watches.every(({ answered, refusal }) => answered || refusal !== undefined);
  }

  /** The first answer by which a server or Sentinel refused to be watched. */
  refusal(): RedishaError | undefined {
    return this.#watches.map(({ refusal }) => refusal).find((error) => error !== undefined);
  }

  mark(mark: Mark): void {
    this.#marks.push(mark);
    if (mark.name === "writes_paused") this.#paused.add(mark.detail);
    if (mark.name === "writes_resumed") this.#paused.delete(mark.detail);
    this.#phases.mark(mark, this.scene.mark(mark));
  }

  tally(since: number): Tally {
    return tallyOf(this.#probes, since, this.now());
  }

  /** Ends the probes; the watching goes on. */
  stop(): Promise<Tally> {
    this.#stopped ??= Promise.all(this.#probes.map((probe) => probe.stop())).then(() => this.tally(0));
    return this.#stopped;
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#delay.disable();
    await Promise.all([this.stop(), ...this.#watches.map((watch) => watch.stop())]);
    await this.dialer.close();
  }

  recording(): RawRecording {
    const { settings, scene } = this;
    return {
      schema: 1,
      run: settings.run,
      deployment: settings.deployment,
      kind: settings.kind,
      started_at: this.#startedAt,
      ended: this.now(),
      clock: {
        source: CLOCK_SOURCE,
        resolution_ms: this.#resolution,
        delay_p99_ms: lateness(this.#delay.percentile(99)),
        delay_max_ms: lateness(this.#delay.max),
      },
      mode: settings.mode,
      shard: settings.shard,
      old_primary: settings.old_primary,
      new_primary: scene.newPrimary,
      probes: this.#probes.map(({ name, kind, via, log }) => ({
        ...{ name, kind, via, shard: settings.shard, timeout_ms: settings.answer_ms },
        attempts: log.columns(),
      })),
      staleness: this.#staleness,
      sentinel_events: this.#events,
      cluster_samples: this.#cluster,
      roles: this.#roles,
      marks: [...this.#marks].sort((a, b) => a.at - b.at),
      read_backs: this.readBacks,
    };
  }

  #sentinelWatch(id: string, now: () => number): SentinelWatch {
    return new SentinelWatch(id, this.dialer, this.#patience, now, (event) => {
      this.#events.push(event);
      this.#phases.sentinel(event);
    });
  }

  #instanceWatch(instance: string, now: () => number, addresses: Addresses): InstanceWatch {
    const { settings } = this;
    return new InstanceWatch({
      ...{ instance, dialer: this.dialer, addresses, inCluster: settings.kind === "cluster" },
      ...{ limits: this.#patience, pollMs: settings.poll_ms, now },
      isPaused: () => this.#paused.has(instance),
      onRole: (sample) => {
        this.#roles.push(sample);
        this.scene.role(sample);
        this.#phases.milestones();
      },
      onCluster: (sample) => {
        this.#cluster.push(sample);
        this.#phases.cluster(sample, settings.old_primary);
      },
    });
  }

  #attempted({ name }: Client, attempt: Attempt): void {
    this.scene.attempt(name, attempt);
    if (attempt.outcome === "acked") this.#phases.milestones();
  }

  #sample(emit: (event: DrillEventBody) => void): void {
    if (this.#stopped === undefined) emit(sampleOf(this.#probes, this.now() - SAMPLE_MS));
  }

  /** A drill that nobody ends must not write for ever. */
  async #tooLong(): Promise<void> {
    this.mark({ at: this.now(), name: "probes_ended", detail: "the time limit of the drill was reached" });
    await this.stop();
  }
}

/** The histogram counts from one reading to the next, in nanoseconds. */
function lateness(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / 1e6 - DELAY_RESOLUTION_MS) * 1_000) / 1_000);
}

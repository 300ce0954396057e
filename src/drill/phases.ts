import type { DrillEventBody } from "../engine/events.ts";
import { MILESTONES, type Milestone } from "./milestones.ts";
import type { ClusterSample, Mark, SentinelEvent } from "./recording.ts";
import type { Scene } from "./scene.ts";

/** Sentinel's words for the steps of a failover, and ours. */
const SENTINEL_PHASES: Readonly<Record<string, string>> = {
  "+sdown": "sdown",
  "+odown": "odown",
  "+elected-leader": "elected",
  "+switch-master": "switch_master",
  "+convert-to-slave": "old_primary_told",
  "-failover-abort-no-good-slave": "failover_aborted",
  "-failover-abort-not-elected": "failover_aborted",
  "-failover-abort-slave-timeout": "failover_aborted",
};

const MILESTONE_PHASES: Readonly<Record<Milestone, string>> = {
  promoted: "promoted",
  writable: "first_write",
  clients_back: "clients_back",
  old_primary_back: "old_primary_back",
  redundant: "redundant",
};

/** Tells the phases of a failover as they come about: each once, with the time since the fault. */
export class Phases {
  readonly #scene: Scene;
  readonly #emit: (event: DrillEventBody) => void;
  readonly #masterName: string | null;
  readonly #told = new Set<string>();

  constructor(scene: Scene, masterName: string | null, emit: (event: DrillEventBody) => void) {
    this.#scene = scene;
    this.#masterName = masterName;
    this.#emit = emit;
  }

  /** A mark is told however often it is made. What was told before the fault belongs to something else. */
  mark({ name, at, detail }: Mark, isFault: boolean): void {
    if (isFault) this.#told.clear();
    this.#tell(name, at, detail);
  }

  sentinel({ channel, payload, sentinel, at }: SentinelEvent): void {
    const phase = SENTINEL_PHASES[channel];
    if (phase === undefined) return;
    const words = payload.split(" ");
    const ofGroup = channel === "+switch-master" ? words[0] : channel === "+convert-to-slave" ? words[5] : words[1];
    const ofPrimary = !channel.endsWith("down") || words[0] === "master";
    if (ofGroup === this.#masterName && ofPrimary) this.#once(phase, at, `${sentinel}: ${payload}`);
  }

  cluster({ about, state, instance, at }: ClusterSample, oldPrimary: string): void {
    if (about === oldPrimary && state !== "ok") this.#once(state, at, `${instance} says so of ${about}`);
    if (about === null) this.#tell(state === "ok" ? "cluster_ok" : "cluster_down", at, instance);
  }

  /** Milestones that were reached since the last call. */
  milestones(): void {
    if (this.#scene.fault === undefined) return;
    for (const milestone of MILESTONES) {
      const reached = this.#scene.reached(milestone);
      if (reached) this.#once(MILESTONE_PHASES[milestone], reached.at, reached.new_primary ?? "");
    }
  }

  #once(phase: string, at: number, detail: string): void {
    if (this.#told.has(phase)) return;
    this.#told.add(phase);
    this.#tell(phase, at, detail);
  }

  #tell(phase: string, at: number, detail: string): void {
    const { fault } = this.#scene;
    const after_ms = fault === undefined ? null : Math.round((at - fault) * 10) / 10;
    this.#emit({ type: "drill_phase", phase, after_ms, detail });
  }
}

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { HostCommand } from "../../actions/contract.ts";
import { messageOf, type RedishaError } from "../../core/errors.ts";
import type { Host, Instance } from "../../inventory/model.ts";
import type { Step } from "../../runbook/model.ts";
import type { Brake } from "../brake.ts";
import { describeError } from "../describe-error.ts";
import type { EventError, RunEventBody } from "../events.ts";
import type { StepFacts } from "../facts.ts";
import type { ArmedUndo } from "../history.ts";
import type { Journal } from "../journal.ts";
import type { LiveDeployment } from "../live.ts";
import { type Mark, SuspendClock } from "../lock/suspend-clock.ts";
import { notArmed, putBackByHost, watchdogGone } from "./errors.ts";
import { armOnHost, callHost, type WatchdogState } from "./host-calls.ts";
import { payloadOf } from "./payload.ts";
import { redisRouteOf } from "./redis-route.ts";

interface Around {
  readonly run: string;
  readonly live: LiveDeployment;
  readonly journal: Journal;
  readonly brake: Brake;
  readonly emit: (event: RunEventBody) => void;
}

/** What is to be armed, for one op. */
interface ArmRequest {
  /** Path of the step. */
  readonly step: string;
  readonly target: string;
  readonly host: Host;
  readonly instance: Instance | undefined;
  readonly commands: readonly HostCommand[];
  readonly leaseMs: number;
}

interface Watched extends ArmedUndo {
  readonly at: Host;
  /** When the host was last asked, with the answer that it still waits. */
  seen: Mark;
  /** It waits no longer: it has acted, or is gone. */
  over?: RedishaError;
}

/** Time for a call that nothing renews by; a watchdog that is putting back is waited for on the host, up to 10 s. */
const PATIENCE_MS = 20_000;

/** A laptop that fell asleep between asking and acting asks again. */
const PROVE_TRIES = 3;

/**
 * The armed undos of one run: each is held by a watchdog on its host, which carries it out by itself where this run is
 * silent for longer than the lease.
 */
export class Deadman {
  readonly #around: Around;
  readonly #clock = new SuspendClock();
  readonly #watched = new Map<string, Watched>();
  readonly #stopped = new AbortController();
  readonly #warned = new Set<string>();
  #beating: Promise<void> | undefined;
  #broken: RedishaError | undefined;

  constructor(around: Around) {
    this.#around = around;
  }

  /**
   * Arms the undo of an op on its host, in place of one of an earlier attempt. Written to the journal before. Fails with
   * DEADMAN_NOT_ARMED or the connection's error: the change must not be made then.
   */
  async arm(request: ArmRequest, signal: AbortSignal): Promise<void> {
    const { step, target, host, leaseMs } = request;
    const { journal, run } = this.#around;
    const what = `${step} on ${target}`;
    const shell = await this.#shell(host);
    const { payload, route } = await this.#prepare(request);
    const id = randomBytes(8).toString("hex");
    const earlier = this.#watched.get(keyOf(step, target));
    const armed: ArmedUndo = { step, target, host: host.name, id, leaseMs };
    await journal.append({ kind: "armed", step, target, host: host.name, id, lease_ms: leaseMs });
    const seen = this.#clock.mark();
    const refused = await armOnHost(shell, { run, id, leaseMs, payload, ...route }, signal);
    if (refused !== undefined) {
      // What an earlier attempt changed is still held by what was armed then.
      if (earlier)
        await journal.append({ kind: "armed", step, target, host: host.name, id: earlier.id, lease_ms: leaseMs });
      else await journal.append({ kind: "disarmed", step, target });
      throw notArmed(host.name, what, refused);
    }
    if (earlier) await callHost(shell, "disarm", run, [earlier.id], PATIENCE_MS);
    this.#watched.set(keyOf(step, target), { ...armed, at: host, seen });
    this.#beating ??= this.#beat();
  }

  /**
   * To be awaited right before the change, and again after it: asks the host, and fails with DEADMAN_FIRED (exit 7) or
   * DEADMAN_GONE where the undo is not held any more.
   */
  async prove(step: string, target: string): Promise<void> {
    const watched = this.#watched.get(keyOf(step, target));
    if (!watched) return;
    for (let tries = 0; tries < PROVE_TRIES; tries += 1) {
      if (!watched.over) await this.#renewOrWake(watched, tries === PROVE_TRIES - 1);
      if (watched.over) throw watched.over;
      if (this.#clock.since(watched.seen) < watched.leaseMs / 2) return;
    }
    throw notArmed(watched.host, `${step} on ${target}`, "it answers too slowly for the lease");
  }

  /**
   * A process that slept finds every time limit of before run out when it wakes: that says nothing of the host, so it is
   * asked again over a connection that is looked at anew.
   */
  async #renewOrWake(watched: Watched, last: boolean): Promise<void> {
    try {
      await this.#renew(watched.at, [watched], watched.leaseMs / 2);
    } catch (error) {
      if (last) throw error;
      this.#around.live.connections.forgetFailures();
    }
  }

  /** Why this run cannot end well any more: what a step relaxed was put back before the end. */
  get broken(): RedishaError | undefined {
    return this.#broken;
  }

  /** The host lets go of it, because it was carried out from here or is not wanted any more. */
  async disarm(step: string, target: string): Promise<void> {
    const { journal, live, run } = this.#around;
    const armed = journal.history.armed().find((each) => keyOf(each.step, each.target) === keyOf(step, target));
    const host = live.deployment.hosts.find(({ name }) => name === armed?.host);
    if (!armed || !host) return;
    const states = await callHost(await this.#shell(host), "disarm", run, [armed.id], PATIENCE_MS);
    const state = states.get(armed.id);
    this.#watched.delete(keyOf(step, target));
    if (state?.state === "ok" || state?.state === "failed") await this.#keepRestored(armed, state);
    else await journal.append({ kind: "disarmed", step, target });
  }

  /** Hosts let go of what a step names in `disarm`, once it has ended well: on all targets, below `path`. Gives what went wrong. */
  async disarmAfter({ disarm = [] }: Step, facts: StepFacts, path: string): Promise<EventError | undefined> {
    if (facts.failed || facts.status === "skipped_condition") return undefined;
    try {
      for (const { step, target } of [...this.#watched.values()]) {
        const id = step.split(".").at(-1) ?? step;
        if (step.startsWith(path) && disarm.includes(id)) await this.disarm(step, target);
      }
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }

  /**
   * Takes over what an earlier process of this run armed: what still waits is renewed from here on, what a host has put
   * back goes into the journal. Gives what nobody holds any more (the host was restarted): it is to be taken back from
   * here. Fails with the connection's error.
   */
  async adopt(): Promise<ArmedUndo[]> {
    const { journal, live, run } = this.#around;
    const perHost = Map.groupBy(journal.history.armed(), ({ host }) => host);
    const unheld: ArmedUndo[] = [];
    for (const host of live.deployment.hosts) {
      const here = perHost.get(host.name) ?? [];
      if (here.length === 0) continue;
      const seen = this.#clock.mark();
      const ids = here.map(({ id }) => id);
      const states = await callHost(await this.#shell(host), "renew", run, ids, PATIENCE_MS);
      for (const armed of here) {
        const state = states.get(armed.id)?.state;
        if (state === "armed") this.#watched.set(keyOf(armed.step, armed.target), { ...armed, at: host, seen });
        else if (state === "gone" || state === "dead") unheld.push(armed);
        else await this.disarm(armed.step, armed.target);
      }
    }
    if (this.#watched.size > 0) this.#beating ??= this.#beat();
    return unheld;
  }

  /** The same, and has what nobody holds any more taken back. */
  async takeOver(takeBack: (unheld: readonly ArmedUndo[]) => Promise<unknown>): Promise<void> {
    const unheld = await this.adopt();
    if (unheld.length > 0) await takeBack(unheld);
  }

  /** Ends the heartbeat. What is still armed is put back by its host when the lease runs out. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#beating;
  }

  async #prepare({ commands, instance }: ArmRequest) {
    const none = { candidates: [], options: [], ca: "", password: undefined };
    const needsRedis = commands.some(({ kind }) => kind === "redis" || kind === "dialogue");
    const { live } = this.#around;
    const route =
      needsRedis && instance
        ? await redisRouteOf(live.deployment, instance, await live.connections.redis(instance))
        : none;
    return { payload: payloadOf(commands, route.password), route };
  }

  async #beat(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const shortest = Math.min(60_000, ...[...this.#watched.values()].map(({ leaseMs }) => leaseMs));
      await delay(shortest / 3, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => undefined);
      if (this.#stopped.signal.aborted) return;
      const perHost = Map.groupBy(
        [...this.#watched.values()].filter(({ over }) => !over),
        ({ at }) => at,
      );
      await Promise.all([...perHost].map(([host, watched]) => this.#tend(host, watched, shortest / 3)));
    }
  }

  /** A host that cannot be reached for a whole lease has put back by then, or will. */
  async #tend(host: Host, watched: readonly Watched[], timeoutMs: number): Promise<void> {
    const { brake, emit, live } = this.#around;
    try {
      await this.#renew(host, watched, timeoutMs);
      this.#warned.delete(host.name);
    } catch (error) {
      live.connections.forgetFailures();
      if (!this.#warned.has(host.name)) {
        this.#warned.add(host.name);
        emit({ type: "warning", message: `the armed undo on ${host.name} cannot be renewed: ${messageOf(error)}` });
      }
      for (const each of watched) {
        if (this.#clock.since(each.seen) < each.leaseMs || each.over) continue;
        each.over = putBackByHost(host.name, `${each.step} on ${each.target}`, "");
        this.#broken ??= each.over;
        brake.pull("pause", each.over);
      }
    }
  }

  /** Marks what is not held any more, writes down what was put back, and stops the run then. */
  async #renew(host: Host, watched: readonly Watched[], timeoutMs: number): Promise<void> {
    const seen = this.#clock.mark();
    const { run, brake } = this.#around;
    const ids = watched.map(({ id }) => id);
    const states = await callHost(await this.#shell(host), "renew", run, ids, Math.max(1_000, timeoutMs));
    for (const each of watched) {
      const { state, at } = states.get(each.id) ?? { state: "gone", at: "" };
      if (state === "armed") {
        each.seen = seen;
        continue;
      }
      // Disarmed meanwhile, by another step that ended.
      if (this.#watched.get(keyOf(each.step, each.target)) !== each || each.over) continue;
      const what = `${each.step} on ${each.target}`;
      const fired = state === "firing" || state === "ok" || state === "failed";
      each.over = fired ? putBackByHost(host.name, what, at) : watchdogGone(host.name, what);
      this.#broken ??= each.over;
      brake.pull("pause", each.over);
      if (fired) await this.disarm(each.step, each.target);
    }
  }

  async #keepRestored({ step, target, host }: ArmedUndo, { state, at }: WatchdogState): Promise<void> {
    const ok = state === "ok";
    await this.#around.journal.append({ kind: "restored_by_host", step, target, host, host_at: at, ok });
    const how = ok ? "has put back" : "could not put back";
    this.#around.emit({ type: "warning", message: `${host} ${how} ${step} on ${target} by itself at ${at}` });
  }

  #shell(host: Host) {
    return this.#around.live.connections.shell(host);
  }
}

function keyOf(step: string, target: string): string {
  return `${step}@${target}`;
}

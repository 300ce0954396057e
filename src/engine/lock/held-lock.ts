import { setTimeout as delay } from "node:timers/promises";
import { messageOf, type RedishaError } from "../../core/errors.ts";
import type { ControllerLock } from "./controller-lock.ts";
import { lockLost } from "./lock-errors.ts";
import type { Mark, SuspendClock } from "./suspend-clock.ts";
import type { TargetLock } from "./target-lock.ts";

/** A lock that a run has. */
export interface HeldLock {
  /**
   * To be awaited right before each op that changes something. Fails with LOCK_LOST (exit 7) where the lock is not this run's any
   * more. One round trip to all hosts at once.
   */
  fence(): Promise<void>;
  /**
   * The same without a round trip, for right before a single command of a longer op: fails with LOCK_LOST where, by what
   * was last proven and the time since (sleep included), somebody else may have the lock by now.
   */
  stillHeld(): void;
  /** Aborts, with the RedishaError as its reason, as soon as a heartbeat finds the lock lost. */
  readonly lost: AbortSignal;
  /** Gives everything back. A second call does nothing; what cannot be given back is warned of, and ends with its lease. */
  release(): Promise<void>;
}

interface Holding {
  readonly deployment: string;
  readonly run: string;
  readonly leaseMs: number;
  readonly controller: ControllerLock;
  readonly targets: readonly TargetLock[];
  /** As many hosts as must be ours for nobody else to get enough of them. */
  readonly enough: number;
  readonly clock: SuspendClock;
  readonly warn: (message: string) => void;
}

const RELEASE_MS = 5_000;

/** A fence that does not come to an end within this many round trips is too slow for the lease. */
const FENCE_TRIES = 5;

/** Keeps the leases alive and watches over them. */
export class HeartbeatLock implements HeldLock {
  readonly #holding: Holding;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  readonly #warned = new Set<string>();
  #beating: Promise<void>;
  #released: Promise<void> | undefined;

  constructor(holding: Holding) {
    this.#holding = holding;
    this.#beating = this.#beat();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async fence(): Promise<void> {
    const { clock, targets, leaseMs, controller } = this.#holding;
    for (let tries = 0; tries < FENCE_TRIES; tries += 1) {
      this.#refuseReleased();
      const mark = clock.mark();
      const ours = await Promise.all([controller.isOurs(), ...targets.map((target) => this.#prove(target))]);
      if (ours[0] === false) this.#lose("its lock file on this machine was removed");
      this.#judge();
      if (this.#isShort(mark) && this.#holds(leaseMs / 10)) return;
    }
    this.#lose(`its hosts answer too slowly for a lease of ${leaseMs} ms`);
    this.#lost.signal.throwIfAborted();
  }

  stillHeld(): void {
    this.#refuseReleased();
    this.#judge();
  }

  release(): Promise<void> {
    this.#released ??= this.#giveBack();
    return this.#released;
  }

  async #giveBack(): Promise<void> {
    this.#stopped.abort();
    await this.#beating;
    const { targets, controller, warn } = this.#holding;
    await Promise.all(
      targets
        .filter(({ touched, standing }) => touched && standing !== "taken_away")
        .map(async (target) => {
          try {
            const { result } = await target.release(RELEASE_MS);
            if (result === "forbidden") throw new Error(`${target.directory} cannot be removed`);
          } catch (error) {
            warn(
              `the lock on ${target.host.name} could not be given back and ends with its lease: ${messageOf(error)}`,
            );
          }
        }),
    );
    await controller.release().catch((error: unknown) => warn(`a lock file is left here: ${messageOf(error)}`));
  }

  async #beat(): Promise<void> {
    const { leaseMs, targets } = this.#holding;
    while (targets.length > 0 && !this.#over) {
      const troubled = targets.some(({ standing }) => standing !== "held");
      await delay(troubled ? leaseMs / 6 : leaseMs / 3, undefined, { signal: this.#stopped.signal, ref: false }).catch(
        () => undefined,
      );
      if (this.#over) return;
      const limit = delay(leaseMs / 3, undefined, { ref: false });
      // One host that hangs does not keep the others from being renewed in time.
      await Promise.race([Promise.all(targets.map((target) => this.#tend(target))), limit]);
      if (!this.#stopped.signal.aborted) this.#judgeQuietly();
    }
  }

  get #over(): boolean {
    return this.#stopped.signal.aborted || this.#lost.signal.aborted;
  }

  readonly #tending = new Set<TargetLock>();

  /** Renews one host; a beat that still hangs there is left to end by itself. */
  async #tend(target: TargetLock): Promise<void> {
    if (this.#tending.has(target)) return;
    this.#tending.add(target);
    try {
      // Coming back to a host is safe only while enough others prove that nobody else can have got in between.
      const others = this.#proven(0, target);
      const safe = others >= this.#holding.enough;
      if (target.standing === "absent" || target.standing === "rebooted") {
        if (safe) await target.take(this.#stopped.signal).catch(() => undefined);
      } else {
        await target.renew({ revive: safe, timeoutMs: this.#holding.leaseMs / 3 });
      }
      this.#tell(target);
    } finally {
      this.#tending.delete(target);
    }
  }

  /** Asks a host that answered last time; of the others what was proven before counts. */
  async #prove(target: TargetLock): Promise<boolean> {
    const { leaseMs } = this.#holding;
    if (target.standing !== "held") return true;
    await target.check(leaseMs / 4);
    if (target.provenMs() < leaseMs / 5 && target.standing === "held") {
      await target.renew({ revive: false, timeoutMs: leaseMs / 4 });
    }
    return true;
  }

  /** A laptop that slept while the hosts were asked asks again. */
  #isShort(mark: Mark): boolean {
    return this.#holding.clock.since(mark) <= this.#holding.leaseMs / 10;
  }

  #holds(leastMs: number): boolean {
    const { targets, enough } = this.#holding;
    return targets.length === 0 || this.#proven(leastMs) >= enough;
  }

  #proven(leastMs: number, except?: TargetLock): number {
    return this.#holding.targets.filter((target) => target !== except && target.provenMs() > leastMs).length;
  }

  /** Fails where the lock is lost. */
  #judge(): void {
    this.#judgeQuietly();
    this.#lost.signal.throwIfAborted();
  }

  #judgeQuietly(): void {
    const robbed = this.#holding.targets.find(({ standing }) => standing === "taken_away");
    if (robbed) {
      const { other, host } = robbed;
      const who = other?.run ? `run ${other.run} of ${other.user} on ${other.controller} took it` : "it was removed";
      this.#lose(`${who} on ${host.name}`, host.name);
    } else if (!this.#holds(0)) {
      const { targets } = this.#holding;
      const over = targets.filter((target) => target.provenMs() === 0).map(({ host }) => host.name);
      this.#lose(`its lease has run out on ${over.join(", ")}`, over[0]);
    }
  }

  #lose(why: string, host?: string): void {
    const { deployment, run } = this.#holding;
    if (!this.#lost.signal.aborted) this.#lost.abort(lockLost(deployment, run, why, host));
  }

  #refuseReleased(): void {
    this.#lost.signal.throwIfAborted();
    const { deployment, run } = this.#holding;
    if (this.#released) throw lockLost(deployment, run, "it was given back") satisfies RedishaError;
  }

  /** Says once when a host goes silent, and once when it is back. */
  #tell({ host, standing }: TargetLock): void {
    const { warn } = this.#holding;
    const { name } = host;
    if (standing === "held") {
      if (this.#warned.delete(name)) warn(`${name} answers again and is locked`);
    } else if (standing !== "taken_away" && !this.#warned.has(name)) {
      this.#warned.add(name);
      warn(
        `the lock on ${name} cannot be renewed: the host ${TROUBLE[standing]}; the run goes on while enough others are locked`,
      );
    }
  }
}

const TROUBLE: Readonly<Record<string, string>> = {
  silent: "does not answer",
  absent: "cannot be reached",
  rebooted: "has restarted",
  expired: "was out of reach until its lease had run out",
};

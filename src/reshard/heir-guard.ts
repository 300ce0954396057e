import { sleep } from "../core/abort.ts";
import { messageOf } from "../core/errors.ts";
import { bar, lift, refusesBar } from "./bar.ts";
import type { Reach } from "./cluster-view.ts";
import { serverInfo } from "./server-info.ts";
import { tellsReplicas } from "./tells-replicas.ts";
import { unbarred } from "./trouble.ts";

/** How long a replica holds writes back for once asked; should redisha fall silent, they go on by themselves after that. */
const HOLD_MS = 5_000;
const RENEW_MS = 500;

/** Between two looks at who leads: one who is handed the shard by hand takes writes at once. */
const LOOK_MS = 50;

/** Who was seen to follow so long ago at most can have taken few writes as a primary. */
const AT_ONCE_MS = 500;

interface Guarding extends Reach {
  onTakeover(): Promise<void>;
  onTrouble(message: string): void;
}

/**
 * Watches over the replicas of a primary whose slots are on their way. Redis does not tell replicas of such marks: whoever
 * takes over would answer for keys that have moved as if there were none, and take writes for them. So each of them is barred
 * while slots are open (`bar`): who takes over refuses writes until it has been told of the marks. It is seen at once and asked
 * to hold writes back instead (CLIENT PAUSE … WRITE, 6.2 and later), so that few clients are refused, and one that has lost its
 * primary beforehand (`start`), until it has it back or has been told. A replica whose link stands is never held: that would hold
 * its replication, too. Valkey 8 and later tell replicas themselves.
 */
export class HeirGuard {
  readonly #reach: Reach;
  readonly #onTakeover: () => Promise<void>;
  readonly #held = new Set<string>();
  readonly #onTrouble: (message: string) => void;
  /** Who has been told to refuse writes should it take over. */
  readonly #barred = new Set<string>();
  /** Who takes no such order, and is not asked again. */
  readonly #unbarred = new Set<string>();
  /** When each was last seen to follow; who leads is not in it. */
  readonly #followed = new Map<string, number>();
  readonly #over = new AbortController();
  /** By member: what ends its watch, and when that has ended. */
  readonly #watched = new Map<string, { end: AbortController; ended: Promise<unknown> }>();
  #alarmed = false;
  #barring = false;

  constructor(members: readonly string[], { onTakeover, onTrouble, ...reach }: Guarding) {
    this.#reach = reach;
    this.#onTakeover = onTakeover;
    this.#onTrouble = onTrouble;
    for (const instance of members) void this.watch(instance);
  }

  /** Watches one more; returns when it is barred where the others are, or has not answered. */
  async watch(instance: string): Promise<void> {
    if (this.#watched.has(instance) || this.#over.signal.aborted) return;
    const end = new AbortController();
    const until = AbortSignal.any([end.signal, this.#over.signal, this.#reach.signal]);
    // Each by itself: one that hangs must not keep the others from being seen.
    const ended = Promise.all([
      every(LOOK_MS, until, () => this.#lookForHeir(instance)),
      every(RENEW_MS, until, () => this.#lookForLoss(instance)),
      every(RENEW_MS, until, () => this.#lookForBar(instance)),
    ]);
    this.#watched.set(instance, { end, ended });
    await this.#lookForBar(instance).catch(() => undefined);
  }

  /** Watches one no more, and lets its writes go on where they were held. Where it is barred it stays so. */
  async leave(instance: string): Promise<void> {
    this.#watched.get(instance)?.end.abort();
    this.#watched.delete(instance);
    this.#followed.delete(instance);
    if (this.#held.has(instance)) await this.#letGo([instance]);
  }

  /** From here on replicas refuse writes should they take over: those that answer when this returns, the others as they come. */
  async bar(): Promise<void> {
    if (this.#barring) return;
    this.#barring = true;
    const each = [...this.#watched.keys()].map((instance) => this.#lookForBar(instance).catch(() => undefined));
    await Promise.all(each);
  }

  /** From here on a replica that has lost its primary holds writes back. */
  start(): void {
    this.#alarmed = true;
  }

  /** Whether it was seen to take over, and holds writes back since. */
  holds(instance: string): boolean {
    return this.#held.has(instance);
  }

  /** Whether it has been told to refuse writes should it take over, and may still do so where nobody has told it otherwise. */
  hasBarred(instance: string): boolean {
    return this.#barred.has(instance);
  }

  /**
   * Both ends are there: nothing is to be held back any more, but at who took over after these had been looked at.
   *
   * @param primaries by what was seen then.
   */
  async rest(primaries: readonly string[]): Promise<void> {
    this.#alarmed = false;
    const seen = (instance: string) => this.#followed.has(instance) || primaries.includes(instance);
    await this.#lift([...this.#watched.keys()].filter((instance) => primaries.includes(instance)));
    await this.#letGo([...this.#held].filter(seen));
  }

  /** Ends it, and lets writes go on wherever they were held. Who is barred stays so. */
  async release(): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#watched.values()].map(({ ended }) => ended));
    await this.#letGo([...this.#held]);
  }

  async #lookForHeir(instance: string): Promise<void> {
    const { connect, signal } = this.#reach;
    const connection = await connect(instance);
    const role = await connection.command(["ROLE"], { signal });
    if (Array.isArray(role) && role[0] !== "master") {
      this.#followed.set(instance, performance.now());
      return;
    }
    const followed = this.#followed.get(instance);
    if (followed === undefined || this.#over.signal.aborted) return;
    this.#followed.delete(instance);
    if (performance.now() - followed < AT_ONCE_MS && !(await this.#isTold(instance))) {
      // Before 6.2 it cannot be asked; it refuses what it would hold back.
      await this.#hold(instance).catch(() => undefined);
    }
    await this.#onTakeover();
  }

  async #lookForBar(instance: string): Promise<void> {
    if (!this.#barring || this.#over.signal.aborted || this.#unbarred.has(instance)) return;
    const { connect, signal } = this.#reach;
    try {
      const connection = await connect(instance);
      const now = await bar(connection, signal, () => this.#barred.add(instance));
      // It left meanwhile.
      if (!this.#watched.has(instance)) return await lift(connection, signal);
      // Who could not be told of the marks when it took over, since somebody else did not answer.
      if (now === "leads") await this.#onTakeover();
    } catch (error) {
      if (!refusesBar(error)) throw error;
      this.#unbarred.add(instance);
      this.#onTrouble(unbarred(instance, messageOf(error)));
    }
  }

  async #lookForLoss(instance: string): Promise<void> {
    if (!this.#alarmed) return;
    const { connect, signal } = this.#reach;
    const info = String(await (await connect(instance)).command(["INFO"], { signal }));
    if (tellsReplicas(info)) return;
    const follows = /^role:slave/m.test(info);
    if (follows && /^master_link_status:up/m.test(info)) {
      if (this.#held.has(instance)) await this.#letGo([instance]);
      return;
    }
    if (this.#over.signal.aborted || (!follows && !this.#held.has(instance))) return;
    await this.#hold(instance);
  }

  async #isTold(instance: string): Promise<boolean> {
    const { connect, signal } = this.#reach;
    return tellsReplicas(await serverInfo(await connect(instance), signal));
  }

  async #hold(instance: string): Promise<void> {
    const { connect, signal } = this.#reach;
    const connection = await connect(instance);
    await connection.command(["CLIENT", "PAUSE", String(HOLD_MS), "WRITE"], { signal });
    this.#held.add(instance);
  }

  async #lift(instances: readonly string[]): Promise<void> {
    const { connect, signal } = this.#reach;
    for (const instance of instances) await lift(await connect(instance), signal);
  }

  async #letGo(instances: readonly string[]): Promise<void> {
    for (const instance of instances) this.#held.delete(instance);
    const { connect, signal } = this.#reach;
    await Promise.all(
      instances.map(async (instance) => {
        const connection = await connect(instance).catch(() => undefined);
        await connection?.command(["CLIENT", "UNPAUSE"], { signal }).catch(() => undefined);
      }),
    );
  }
}

async function every(ms: number, until: AbortSignal, look: () => Promise<void>): Promise<void> {
  while (!until.aborted) {
    // One that does not answer cannot be asked, and is looked at again.
    await look().catch(() => undefined);
    await sleep(ms, until).catch(() => undefined);
  }
}

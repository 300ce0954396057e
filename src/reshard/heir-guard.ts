import { sleep } from "../core/abort.ts";
import type { Reach } from "./cluster-view.ts";

/** How long a replica holds writes back for once asked; should redisha fall silent, they go on by themselves after that. */
const HOLD_MS = 5_000;
const RENEW_MS = 500;

/**
 * Watches over the replicas of a primary that is gone while its slots were on their way. Redis does not tell replicas of such
 * marks: whoever takes over would answer for keys that have moved as if there were none, and take writes for them. So a
 * replica that has lost its primary is asked beforehand to hold writes back (CLIENT PAUSE … WRITE, 6.2 and later), until it
 * has been told of the marks, or has its primary back. A replica whose link stands is never held: that would hold its
 * replication, too. Valkey 8 and later tell replicas themselves.
 */
export class HeirGuard {
  readonly #members: readonly string[];
  readonly #reach: Reach;
  readonly #held = new Set<string>();
  #watching: Promise<void> | undefined;
  readonly #over = new AbortController();

  constructor(members: readonly string[], reach: Reach) {
    this.#members = members;
    this.#reach = reach;
  }

  /** Begins to watch; a second call does nothing. */
  start(): void {
    this.#watching ??= this.#watch();
  }

  /** Whether this one has held writes back since before it became a primary. */
  holds(instance: string): boolean {
    return this.#held.has(instance);
  }

  /** Ends it, and lets writes go on wherever they were held. */
  async release(): Promise<void> {
    this.#over.abort();
    await this.#watching;
    await Promise.all([...this.#held].map((instance) => this.#letGo(instance)));
  }

  async #watch(): Promise<void> {
    const until = AbortSignal.any([this.#over.signal, this.#reach.signal]);
    while (!until.aborted) {
      // One that does not answer cannot be asked, and is looked at again.
      await Promise.all(this.#members.map((instance) => this.#look(instance).catch(() => undefined)));
      await sleep(RENEW_MS, until).catch(() => undefined);
    }
  }

  async #look(instance: string): Promise<void> {
    const { connect, signal } = this.#reach;
    const connection = await connect(instance);
    const info = String(await connection.command(["INFO"], { signal }));
    if (/^valkey_version:/m.test(info)) return;
    const follows = /^role:slave/m.test(info);
    if (follows && /^master_link_status:up/m.test(info)) {
      if (this.#held.has(instance)) await this.#letGo(instance);
      return;
    }
    if (this.#over.signal.aborted || (!follows && !this.#held.has(instance))) return;
    await connection.command(["CLIENT", "PAUSE", String(HOLD_MS), "WRITE"], { signal });
    this.#held.add(instance);
  }

  async #letGo(instance: string): Promise<void> {
    this.#held.delete(instance);
    const connection = await this.#reach.connect(instance).catch(() => undefined);
    await connection?.command(["CLIENT", "UNPAUSE"], { signal: this.#reach.signal }).catch(() => undefined);
  }
}

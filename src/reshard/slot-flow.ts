import { abandonSlots, closeSlots, drainSlot, type OpenSlot, openSlots, type Pair } from "./window.ts";

/**
 * Slots that are opened with one round trip to each side. A node writes its nodes.conf and flushes it to the disk for every such
 * call (cluster.c, CLUSTER_TODO_FSYNC_CONFIG), and serves nobody meanwhile: many with each. Fewer where a limit of bandwidth
 * has few of them go in a second: what is open is finished before a run stops.
 */
const MOST_AT_ONCE = 64;

/** Slots that are handed over with one round trip to each node, and with one word of the target to all of them (`takeOver`). */
const MOST_CLOSED = 64;

/** Of such lots, how many may be open at the same time: each slot of them has to be mended where a node dies. */
const LOTS_OPEN = 4;

/** Slots whose keys move side by side; the pace decides how many of them really do. */
const LANES = 8;

/** What is told while slots move. */
export interface Told {
  onKeys(keys: number): void;
  onSlots(slots: readonly number[]): void;
  /** Writes were held back at the source, for so many milliseconds. */
  onHeld(ms: number): void;
  /** No further slot is to be opened. */
  stopAsked(): boolean;
}

/**
 * Moves slots from one node to another as a stream: some are being opened and some handed over while the keys of others move,
 * so that the source never waits for a round trip. Where that fails, slots of which no key has moved yet are closed again, and
 * the first failure is thrown.
 */
export async function movePair(slots: readonly number[], pair: Pair, told: Told): Promise<void> {
  await new SlotFlow(slots, pair, told).run();
}

class SlotFlow {
  readonly #waiting: number[];
  readonly #pair: Pair;
  readonly #told: Told;
  /** Opened, and in nobody's hands. */
  readonly #ready: OpenSlot[] = [];
  /** Without keys, and not handed over yet. */
  readonly #empty: number[] = [];
  /** From before it is opened until it is handed over. */
  readonly #open = new Set<number>();
  #draining = 0;
  #fed = false;
  #failed: { readonly reason: unknown } | undefined;
  readonly #sleepers: (() => void)[] = [];

  constructor(slots: readonly number[], pair: Pair, told: Told) {
    this.#waiting = [...slots];
    this.#pair = pair;
    this.#told = told;
  }

  async run(): Promise<void> {
    const lanes = Array.from({ length: LANES }, () => this.#guarded(() => this.#drain()));
    await Promise.all([this.#guarded(() => this.#feed()), ...lanes, this.#guarded(() => this.#close())]);
    if (!this.#failed) return;
    await abandonSlots([...this.#open], this.#pair).catch(() => undefined);
    throw this.#failed.reason;
  }

  get #lot(): number {
    return this.#pair.handover.bandwidth?.slotsAtOnce(MOST_AT_ONCE) ?? MOST_AT_ONCE;
  }

  async #feed(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#failed && !this.#told.stopAsked()) {
      if (this.#ready.length > this.#lot || this.#open.size + this.#lot > this.#lot * LOTS_OPEN) {
        await this.#news();
        continue;
      }
      const next = this.#waiting.splice(0, this.#lot);
      for (const slot of next) this.#open.add(slot);
      this.#ready.push(...(await openSlots(next, this.#pair)));
      this.#tell();
    }
    this.#fed = true;
    this.#tell();
  }

  async #drain(): Promise<void> {
    while (!this.#failed) {
      const next = this.#ready.shift();
      if (next) {
        this.#draining += 1;
        await drainSlot(next, this.#pair.handover, this.#told.onKeys);
        this.#draining -= 1;
        this.#empty.push(next.slot);
        this.#tell();
      } else if (this.#fed) return;
      else await this.#news();
    }
  }

  async #close(): Promise<void> {
    while (!this.#failed) {
      const last = this.#fed && this.#ready.length === 0 && this.#draining === 0;
      if (this.#empty.length >= Math.min(this.#lot, MOST_CLOSED) || (last && this.#empty.length > 0)) {
        const slots = this.#empty.splice(0, MOST_CLOSED);
        await closeSlots(slots, this.#pair, this.#told.onKeys);
        for (const slot of slots) this.#open.delete(slot);
        this.#told.onSlots(slots);
        this.#tell();
      } else if (last) return;
      else await this.#news();
    }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (reason) {
      this.#failed ??= { reason };
      this.#tell();
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#sleepers.push(resolve));
  }

  #tell(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}

import { abandonSlots, closeSlots, drainSlot, type OpenSlot, openSlots, type Pair } from "./window.ts";

/** How many slots are told of at a time. */
interface Lots {
  /**
   * Slots that are opened with one round trip to each side. A node writes its nodes.conf and flushes it to the disk for every
   * such call (cluster.c, CLUSTER_TODO_FSYNC_CONFIG), and serves nobody meanwhile: many with each.
   */
  readonly opened: number;
  /** Slots that are handed over with one round trip to each node; fewer only where no more are to come. */
  readonly closed: number;
  /** Slots that are open at the same time, at most: each of them has to be mended where a node dies. */
  readonly open: number;
}

const LOTS: Lots = { opened: 64, closed: 64, open: 256 };

/** Where little may go over the line at a time: what is open is finished first when somebody asks to stop. */
const SMALL_LOTS: Lots = { opened: 8, closed: 8, open: 32 };

/** Slots whose keys move side by side; the pace decides how many of them really do. */
const LANES = 8;

/** What is told while slots move. */
export interface Told {
  onKeys(keys: number): void;
  onSlots(slots: readonly number[]): void;
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
  readonly #lots: Lots;
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
    this.#lots = pair.handover.bandwidth ? SMALL_LOTS : LOTS;
  }

  async run(): Promise<void> {
    const lanes = Array.from({ length: LANES }, () => this.#guarded(() => this.#drain()));
    await Promise.all([this.#guarded(() => this.#feed()), ...lanes, this.#guarded(() => this.#close())]);
    if (!this.#failed) return;
    await abandonSlots([...this.#open], this.#pair).catch(() => undefined);
    throw this.#failed.reason;
  }

  async #feed(): Promise<void> {
    const { opened, open } = this.#lots;
    while (this.#waiting.length > 0 && !this.#failed && !this.#told.stopAsked()) {
      if (this.#ready.length > opened || this.#open.size + opened > open) {
        await this.#news();
        continue;
      }
      const next = this.#waiting.splice(0, opened);
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
      if (this.#empty.length >= this.#lots.closed || (last && this.#empty.length > 0)) {
        const slots = this.#empty.splice(0);
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

import { uptime } from "node:os";

/** A moment to measure from. */
export interface Mark {
  readonly monotonicMs: number;
  readonly uptimeMs: number;
}

/**
 * Elapsed time that also counts while the machine sleeps. Linux' CLOCK_MONOTONIC, which `performance.now` and
 * `process.hrtime` read, stands still during suspend; the system's uptime (/proc/uptime there, the time since the boot on
 * macOS) does not, but is coarse. The larger of the two differences is taken: an error makes a lease look older, never
 * younger.
 */
export class SuspendClock {
  readonly #monotonic: () => number;
  readonly #uptime: () => number;

  constructor(monotonic: () => number = () => performance.now(), uptimeMs: () => number = () => uptime() * 1_000) {
    this.#monotonic = monotonic;
    this.#uptime = uptimeMs;
  }

  mark(): Mark {
    return { monotonicMs: this.#monotonic(), uptimeMs: this.#uptime() };
  }

  /** Milliseconds since `mark`, sleep included. */
  since(mark: Mark): number {
    return Math.max(this.#monotonic() - mark.monotonicMs, this.#uptime() - mark.uptimeMs);
  }
}

/** Lets a limited number in at once, first come first served. */
export class Gate {
  #limit: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for room; the returned function makes room again. Rejects with the signal's reason when it aborts first. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#inside >= this.#limit) await this.#queue(signal);
    this.#inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= 1;
      this.#admit();
    };
  }

  /** The other side has less room than was thought: what is inside now is all of it. False where nothing is inside. */
  shrink(): boolean {
    if (this.#inside === 0) return false;
    this.#limit = Math.min(this.#limit, this.#inside);
    return true;
  }

  #queue(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(signal?.reason);
      };
      this.#waiting.push(admit);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  #admit(): void {
    if (this.#inside < this.#limit) this.#waiting.shift()?.();
  }
}

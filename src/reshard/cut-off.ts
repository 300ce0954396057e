/** Keys of one MIGRATE, and how long the source is to wait for the target. */
export interface Call {
  readonly keys: readonly string[];
  readonly timeoutMs: number;
}

/**
 * Keys whose MIGRATE was given up on its way, and that have not arrived since: both sides may have them. Kept for as long as the
 * move lasts, with how long each was waited for last: whoever looks again begins with that, not with what was too short before.
 */
export class CutOff {
  readonly #waitedMs = new Map<string, number>();

  has(key: string): boolean {
    return this.#waitedMs.has(key);
  }

  note({ keys, timeoutMs }: Call): void {
    for (const key of keys) this.#waitedMs.set(key, timeoutMs);
  }

  arrived(keys: readonly string[]): void {
    if (this.#waitedMs.size > 0) for (const key of keys) this.#waitedMs.delete(key);
  }

  /** How to send these: together those of which nothing is known, then each of the others by itself. */
  calls(keys: readonly string[], timeoutMs: number): Call[] {
    const fresh = keys.filter((key) => !this.has(key));
    const known = keys.filter((key) => this.has(key));
    return [
      ...(fresh.length > 0 ? [{ keys: fresh, timeoutMs }] : []),
      ...known.map((key) => ({ keys: [key], timeoutMs: Math.max(timeoutMs, this.#waitedMs.get(key) ?? 0) })),
    ];
  }
}

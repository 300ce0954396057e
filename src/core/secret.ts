/**
 * A value that must never be printed. It survives string templates, JSON and util.inspect as `‹secret›`;
 * only `reveal()` gives the value, and only adapters that put it on a socket or a pipe may call that.
 */
export class Secret {
  readonly #value: string;
  /** Where it came from, for messages: `env REDISHA_PASSWORD`, `file /etc/…`. */
  readonly origin: string;

  constructor(value: string, origin: string) {
    this.#value = value;
    this.origin = origin;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return MASK;
  }
}

/** What stands in the place of a secret in every output. */
export const MASK = "‹secret›";

import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Dialer, Limits } from "../dialer.ts";
import type { Trouble } from "../trouble.ts";
import type { Route } from "./route.ts";

/** Asks one server who the primary is; the instance's id, or null where it does not say. */
export type Question = (connection: RedisConnection) => Promise<string | null>;

/**
 * Stays with a server as long as all is well; after an error asks others who the primary is, one after the other, the one
 * that answered last time first: what client libraries do with a list of Sentinels.
 */
export class AskingRoute implements Route {
  readonly #dialer: Dialer;
  readonly #limits: Limits;
  readonly #question: Question;
  #askable: readonly string[];
  #current: string | null;
  readonly #connections = new Map<string, RedisConnection>();
  #closed = false;

  constructor(dialer: Dialer, limits: Limits, first: string, askable: readonly string[], question: Question) {
    this.#dialer = dialer;
    this.#limits = limits;
    this.#current = first;
    this.#askable = askable;
    this.#question = question;
  }

  async next(): Promise<string> {
    if (this.#current !== null) return this.#current;
    const named = await this.#ask();
    // What it was told meanwhile is newer than an answer that was on its way.
    this.#current ??= named;
    return this.#current;
  }

  failed(instance: string, _trouble: Trouble): void {
    if (this.#current === instance) this.#current = null;
  }

  /** Goes to this one from now on. */
  moveTo(instance: string): void {
    this.#current = instance;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  async #ask(): Promise<string> {
    let last: unknown;
    for (const id of this.#askable) {
      try {
        const answer = await this.#question(await this.#connection(id));
        if (answer === null) continue;
        this.#askable = [id, ...this.#askable.filter((other) => other !== id)];
        return answer;
      } catch (error) {
        last = error;
        this.#connections.get(id)?.close();
        this.#connections.delete(id);
      }
    }
    throw new RedishaError({
      code: "NO_PRIMARY_NAMED",
      message: `None of ${this.#askable.join(", ")} names a primary that redisha.yaml lists.`,
      exit: EXIT.cannotConnect,
      cause: last,
    });
  }

  async #connection(id: string): Promise<RedisConnection> {
    const known = this.#connections.get(id);
    if (known && !known.closed) return known;
    const fresh = await this.#dialer.open(id, this.#limits);
    if (this.#closed) fresh.close();
    else this.#connections.set(id, fresh);
    return fresh;
  }
}

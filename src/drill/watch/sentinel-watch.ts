import { setTimeout as sleep } from "node:timers/promises";
import { RedisReplyError } from "../../connect/redis/reply-error.ts";
import type { RedisSubscription } from "../../connect/types.ts";
import type { Dialer, Limits } from "../dialer.ts";
import type { SentinelEvent } from "../recording.ts";

/** Between two attempts to reach a Sentinel that is away. */
const AGAIN_MS = 100;

/** How often a silent connection is asked whether it still is one. */
const CHECK_MS = 5_000;

/** Listens to everything that one Sentinel tells, for as long as it takes, and stamps it when it comes in. */
export class SentinelWatch {
  readonly #listen: (onEvent: (channel: string, payload: string) => void) => Promise<RedisSubscription>;
  readonly #onEvent: (channel: string, payload: string) => void;
  readonly #limits: Limits;
  readonly #timers = new AbortController();
  /** It has let itself be listened to. */
  answered = false;
  /** The Sentinel answers, but does not let itself be listened to. */
  refusal: RedisReplyError | undefined;
  #subscription: RedisSubscription | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    sentinel: string,
    dialer: Dialer,
    limits: Limits,
    now: () => number,
    onEvent: (event: SentinelEvent) => void,
  ) {
    this.#limits = limits;
    this.#listen = (tell) => dialer.subscribe(sentinel, limits, "*", tell);
    this.#onEvent = (channel, payload) => onEvent({ at: now(), sentinel, channel, payload });
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#timers.abort();
    this.#subscription?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#timers;
    while (!signal.aborted) {
      try {
        this.#subscription = await this.#listen(this.#onEvent);
        this.answered = true;
        while (!signal.aborted && !this.#subscription.closed) {
          await Promise.race([sleep(CHECK_MS, undefined, { signal }), this.#subscription.ended]);
          await this.#subscription.check(this.#limits.commandMs);
        }
      } catch (error) {
        if (error instanceof RedisReplyError) this.refusal = error;
        this.#subscription?.close();
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    this.#subscription?.close();
  }
}

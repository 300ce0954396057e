import type { RedisConnection } from "../../connect/types.ts";
import { troubleOf } from "../trouble.ts";
import { Client, type ClientOptions, type Result } from "./client.ts";

/** How often the expiry is set anew: a key may have been made again by a write to a server that had lost it. */
const RENEW_MS = 10_000;

/** Of the time for an answer, what WAIT may take: the server has to answer before the client gives up. */
const WAIT_SHARE = 0.8;

interface WriterOptions extends ClientOptions {
  readonly key: string;
  readonly expireS: number;
  /** Replicas that must confirm a write before it counts; undefined for none. */
  readonly confirmedBy?: number;
}

/** Appends one number after the other to a list of its own; none is ever sent twice. */
export class Writer extends Client {
  readonly key: string;
  readonly #expireS: number;
  readonly #confirmedBy: number | undefined;
  #renewAt = 0;

  constructor(options: WriterOptions) {
    super(options);
    this.key = options.key;
    this.#expireS = options.expireS;
    this.#confirmedBy = options.confirmedBy;
  }

  protected override async connected(): Promise<void> {
    this.#renewAt = 0;
  }

  protected override async request(connection: RedisConnection, seq: number): Promise<Result> {
    const waits = this.#confirmedBy !== undefined;
    const renews = this.now() >= this.#renewAt;
    const [pushed, ...others] = await connection.pipeline(
      [
        ["RPUSH", this.key, String(seq)],
        ...(waits ? [["WAIT", String(this.#confirmedBy), String(Math.floor(this.answerMs * WAIT_SHARE))]] : []),
        ...(renews ? [["EXPIRE", this.key, String(this.#expireS)]] : []),
      ],
      { timeoutMs: this.answerMs },
    );
    if (pushed instanceof Error) throw pushed;
    if (renews && !(others.at(-1) instanceof Error)) this.#renewAt = this.now() + RENEW_MS;
    return waits ? this.#confirmed(others[0]) : { outcome: "acked" };
  }

  /** The primary has it; without the replicas' word it is as if there had been no answer. */
  #confirmed(answer: unknown): Result {
    if (answer instanceof Error) return { outcome: "unknown", trouble: { ...troubleOf(answer), outcome: "unknown" } };
    if (typeof answer === "number" && answer >= (this.#confirmedBy ?? 0)) return { outcome: "acked" };
    return { outcome: "unknown", error: "NOT_CONFIRMED" };
  }
}

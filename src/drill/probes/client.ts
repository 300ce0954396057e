import type { RedisConnection } from "../../connect/types.ts";
import type { AttemptLog } from "../attempt-log.ts";
import type { Dialer, Limits } from "../dialer.ts";
import type { Attempt, ProbeKind, ProbeRecord } from "../recording.ts";
import { leavesServer, type Trouble, troubleOf } from "../trouble.ts";
import { Pace } from "./pace.ts";
import type { Route } from "./route.ts";

/** What all probes have in common. */
export interface ClientOptions {
  readonly name: string;
  readonly kind: ProbeKind;
  readonly route: Route;
  readonly dialer: Dialer;
  readonly limits: Limits;
  readonly answerMs: number;
  readonly rate: number;
  /** Least time between two attempts of which the first failed at once. */
  readonly retryMs: number;
  /** On the recording's clock. */
  readonly now: () => number;
  readonly log: AttemptLog;
  readonly onAttempt: (probe: Client, attempt: Attempt) => void;
}

/** What one request came to. */
export interface Result extends Pick<Attempt, "outcome"> {
  /** Why it failed, in a way after which the next one is not sent at once. */
  readonly trouble?: Trouble;
  /** What fell short, where the connection is as good as before. */
  readonly error?: string;
  /** What a read saw. */
  readonly seen?: number;
}

/**
 * An application's client: one connection, one request under way, a time limit for each, and a new connection after any
 * trouble. What it sends is up to the kinds of it.
 */
export abstract class Client {
  readonly name: string;
  readonly kind: ProbeKind;
  readonly log: AttemptLog;
  protected readonly now: () => number;
  protected readonly answerMs: number;
  readonly #options: ClientOptions;
  #connection: RedisConnection | undefined;
  #served = false;
  #via: ProbeRecord["via"] = "direct";
  /** Under way to a server. */
  #dialling: { readonly to: string; readonly stop: AbortController } | undefined;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions) {
    const { name, kind, log, now, answerMs, route } = options;
    this.name = name;
    this.kind = kind;
    this.log = log;
    this.now = now;
    this.answerMs = answerMs;
    this.#options = options;
    route.onMoved?.((to) => this.#leave(to));
  }

  /** It has had an acknowledgement. */
  get served(): boolean {
    return this.#served;
  }

  get via(): ProbeRecord["via"] {
    return this.#via;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends it once the request under way has its answer, or its time is up. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    this.#connection?.close();
    this.#options.route.close();
  }

  /** Called when a connection was made, before anything else is sent on it. */
  protected abstract connected(connection: RedisConnection): Promise<void>;

  /** Sends one request, with this number where it writes. Throws what went wrong. */
  protected abstract request(connection: RedisConnection, seq: number): Promise<Result>;

  async #run(): Promise<void> {
    const pace = new Pace(this.#options.rate, this.#options.retryMs);
    let failed = false;
    for (let seq = 0; !this.#stopping; seq += 1) {
      await pace.turn(failed);
      if (this.#stopping) return;
      failed = !(await this.#attempt(seq));
    }
  }

  /** One attempt, recorded. False where another would fail in the same way at once. */
  async #attempt(seq: number): Promise<boolean> {
    let sent = this.now();
    let connection: RedisConnection | undefined;
    let result: Result;
    try {
      connection = await this.#connect();
      sent = this.now();
      result = await this.request(connection, seq);
    } catch (error) {
      const trouble = troubleOf(error);
      // Where no connection came about, nothing was sent.
      result = { outcome: connection ? trouble.outcome : "refused", trouble };
    }
    const ended = this.now();
    const word = result.trouble?.word ?? result.error;
    const attempt: Attempt = {
      seq: result.seen ?? seq,
      sent,
      ended,
      node: connection?.instance ?? null,
      outcome: result.outcome,
      ...(word === undefined ? {} : { error: word }),
    };
    this.log.add(attempt);
    this.#served ||= result.outcome === "acked";
    this.#options.onAttempt(this, attempt);
    if (!result.trouble) return true;
    if (connection && leavesServer(result.trouble)) this.#drop(connection, result.trouble);
    return false;
  }

  async #connect(): Promise<RedisConnection> {
    if (this.#connection && !this.#connection.closed) return this.#connection;
    const { route, dialer, limits } = this.#options;
    const lost = this.#connection;
    // It ended between two requests.
    if (lost) this.#drop(lost, { outcome: "refused", word: "EOF", reply: null });
    const to = await route.next();
    const dialling = { to, stop: new AbortController() };
    this.#dialling = dialling;
    try {
      const connection = await dialer.open(to, limits, dialling.stop.signal);
      this.#connection = connection;
      this.#via = connection.via;
      await this.connected(connection);
      return connection;
    } catch (error) {
      this.#connection?.close();
      this.#connection = undefined;
      route.failed(to, troubleOf(error));
      throw error;
    } finally {
      this.#dialling = undefined;
    }
  }

  #drop(connection: RedisConnection, trouble: Trouble): void {
    connection.close();
    if (this.#connection === connection) this.#connection = undefined;
    this.#options.route.failed(connection.instance, trouble);
  }

  /** The primary is another now: what is under way to the one before has no answer any more. */
  #leave(to: string): void {
    if (this.#dialling && this.#dialling.to !== to) this.#dialling.stop.abort();
    if (this.#connection && this.#connection.instance !== to) this.#connection.close();
  }
}

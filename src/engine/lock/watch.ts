import { PassThrough } from "node:stream";
import type { ExecStream, HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { answerIn, type LockAnswer, type LockArguments, type Place, words } from "./script-call.ts";
import { WATCH } from "./scripts.ts";

/** Unused for this long it is closed: a host may allow only one session at a time (MaxSessions). */
const IDLE_MS = 2_000;

/** A shell on a host that stays open, to be asked about the lock: a round trip, and no new process. */
export class Watch {
  closed = false;
  readonly #host: string;
  readonly #token: string;
  readonly #questions: PassThrough;
  #heard = "";
  #asked = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<string, PromiseWithResolvers<LockAnswer>>();

  private constructor(about: LockArguments, questions: PassThrough, { stdout, done }: ExecStream) {
    this.#host = about.host;
    this.#token = about.token;
    this.#questions = questions;
    stdout.setEncoding("utf8");
    stdout.on("data", (text: string) => this.#hear(text));
    stdout.on("error", () => this.close());
    done.then(
      () => this.close(),
      () => this.close(),
    );
    this.#rest();
  }

  static async open(shell: HostConnection, about: LockArguments & { readonly place: Place }): Promise<Watch> {
    const questions = new PassThrough();
    const argv = ["sh", "-c", WATCH, "redisha-lock", ...words(about)];
    return new Watch(about, questions, await shell.stream(argv, { stdin: questions }));
  }

  /** Fails where there is no answer in time; it is closed then. */
  async ask(timeoutMs: number): Promise<LockAnswer> {
    if (this.closed) throw this.#gone();
    clearTimeout(this.#idle);
    this.#asked += 1;
    const nonce = String(this.#asked);
    const answer = Promise.withResolvers<LockAnswer>();
    this.#waiting.set(nonce, answer);
    const limit = setTimeout(() => this.close(), timeoutMs);
    this.#questions.write(`${nonce}\n`);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(limit);
      this.#waiting.delete(nonce);
      this.#rest();
    }
  }

  /** Ends the shell, by the end of its input. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.#idle);
    this.#questions.end();
    for (const { reject } of this.#waiting.values()) reject(this.#gone());
  }

  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#waiting.size === 0 && !this.closed) this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }

  #hear(text: string): void {
    this.#heard += text;
    for (;;) {
      const end = /^end (.*)\n/m.exec(this.#heard);
      if (!end) return;
      const upTo = end.index + end[0].length;
      const answer = answerIn(this.#heard.slice(0, upTo), { token: this.#token });
      this.#heard = this.#heard.slice(upTo);
      if (answer) this.#waiting.get(end[1] ?? "")?.resolve(answer);
    }
  }

  #gone(): RedishaError {
    return new RedishaError({
      code: "LOCK_WATCH_LOST",
      message: `${this.#host} does not say whether the lock is still held.`,
      host: this.#host,
    });
  }
}

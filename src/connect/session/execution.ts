import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { RedishaError } from "../../core/errors.ts";
import type { ExecOptions, ExecResult } from "../types.ts";
import { endGroup } from "./end-group.ts";
import { connectionLost, execCancelled, execTimeout, programMissing, sudoRefused } from "./errors.ts";
import { Kept } from "./kept.ts";
import type { HostProcess, Launched, Launcher, LaunchSpec } from "./launcher.ts";
import { MarkedOutput } from "./render.ts";

export const DEFAULT_MAX_OUTPUT = 1024 * 1024;

/** How long a command that is to be ended may take to tell its process id. */
const ANNOUNCE_MS = 2_000;

/** How often, and how far apart, to ask again for a session where none should be taken. */
const ROOM_RETRIES = 5;
const ROOM_RETRY_MS = 100;

/**
 * One command on its way: started, fed, listened to, and ended with its whole process group where its time is up, where
 * its caller gave up, or where what it was to be fed with broke off.
 */
export class Execution {
  readonly #launcher: Launcher;
  readonly #spec: LaunchSpec;
  readonly #options: ExecOptions;
  readonly #began = performance.now();
  readonly #stderr: Kept;
  readonly #interrupted = Promise.withResolvers<never>();
  #interrupting = false;
  #marked = new MarkedOutput("");
  #process: HostProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #leave: () => void = () => undefined;

  constructor(launcher: Launcher, spec: LaunchSpec, options: ExecOptions) {
    this.#launcher = launcher;
    this.#spec = spec;
    this.#options = options;
    this.#stderr = new Kept(options.maxOutput ?? DEFAULT_MAX_OUTPUT);
    // Nobody waits for it yet when it may already happen.
    this.#interrupted.promise.catch(() => undefined);
  }

  /** Starts the command. `done` (with `stdout` left empty) settles only when the returned stdout was read. */
  async start(): Promise<{ stdout: Readable; done: Promise<ExecResult> }> {
    this.#options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    try {
      const { process, header, token } = await Promise.race([this.#launch(), this.#interrupted.promise]);
      this.#process = process;
      this.#marked = new MarkedOutput(token);
      process.stderr.on("data", (chunk: Buffer) =>
        this.#hear(process.pid === undefined ? this.#marked.push(chunk) : chunk),
      );
      this.#feed(process, header);
      const done = Promise.race([this.#finish(process), this.#interrupted.promise]).finally(() => this.#settle());
      return { stdout: process.stdout, done };
    } catch (error) {
      this.#settle();
      throw error;
    }
  }

  /** Starts it. Where the host has less room than was thought, waits until others are done. */
  async #launch(): Promise<Launched> {
    let retries = ROOM_RETRIES;
    for (;;) {
      const leave = await this.#admission();
      this.#startClock();
      try {
        const launched = await this.#launcher.launch(this.#spec);
        // Too late: the caller has gone, and nobody would ever end it.
        if (this.#interrupting) launched.process.release();
        return launched;
      } catch (error) {
        leave();
        const full = error instanceof RedishaError && error.code === "SSH_CHANNEL_LIMIT";
        if (!full || this.#interrupting) throw error;
        // With nobody left inside, sshd may still be clearing away the session before.
        if (!this.#launcher.gate.shrink()) {
          if (retries === 0) throw error;
          retries -= 1;
          await delay(ROOM_RETRY_MS);
        }
      }
    }
  }

  async #admission(): Promise<() => void> {
    const { gate, host } = this.#launcher;
    try {
      const leave = await gate.enter(this.#options.signal);
      this.#leave = leave;
      return leave;
    } catch (cause) {
      throw execCancelled(host, this.#spec, true, cause);
    }
  }

  /** The time limit counts from when there was room to run, not from when the command was queued. */
  #startClock(): void {
    clearTimeout(this.#timer);
    const { timeoutMs } = this.#options;
    if (timeoutMs !== undefined) this.#timer = setTimeout(this.#onTimeout, timeoutMs);
  }

  #hear(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#stderr.add(chunk);
    this.#options.onStderr?.(chunk);
  }

  #feed(process: HostProcess, header: string): void {
    const { stdin } = this.#options;
    // A program need not read all of its input: a broken pipe says nothing about how it ended.
    process.stdin.on("error", () => undefined);
    if (header) process.stdin.write(header);
    if (!(stdin instanceof Readable)) {
      process.stdin.end(stdin);
      return;
    }
    // No end of input after a source that broke off: a cut-off input must not look whole.
    stdin.on("error", (error) => void this.#interrupt(() => error));
    const { errored } = stdin;
    if (errored) void this.#interrupt(() => errored);
    stdin.pipe(process.stdin);
  }

  async #finish(process: HostProcess): Promise<ExecResult> {
    const { host } = this.#launcher;
    const ending = await process.ended.catch((error: unknown) => {
      const begun = this.#pid !== undefined;
      throw begun && error instanceof RedishaError ? connectionLost(host, error.cause, this.#spec) : error;
    });
    if (this.#interrupting) return await this.#interrupted.promise;
    this.#hear(this.#marked.flush());
    const stderr = this.#stderr.text();
    if (this.#marked.saysMissing(stderr)) throw programMissing(host, this.#spec, stderr);
    if (this.#spec.become && this.#pid === undefined) throw sudoRefused(host, stderr, ending);
    const { truncated } = this.#stderr;
    return { ...ending, stdout: "", stderr, truncated, durationMs: performance.now() - this.#began };
  }

  readonly #onTimeout = (): void => {
    const limit = this.#options.timeoutMs ?? 0;
    void this.#interrupt((ended) => execTimeout(this.#launcher.host, this.#spec, limit, ended));
  };

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal?.reason;
    void this.#interrupt((ended) => execCancelled(this.#launcher.host, this.#spec, ended, reason));
  };

  async #interrupt(failure: (ended: boolean) => Error): Promise<void> {
    if (this.#interrupting) return;
    this.#interrupting = true;
    const ended = await this.#end();
    this.#process?.release();
    this.#interrupted.reject(failure(ended));
  }

  /** True when nothing of the command runs any more. */
  async #end(): Promise<boolean> {
    const process = this.#process;
    if (!process) return false;
    let over = false;
    process.ended.then(
      () => (over = true),
      () => undefined,
    );
    for (let waited = 0; this.#pid === undefined && !over && waited < ANNOUNCE_MS; waited += 20) await delay(20);
    const pid = this.#pid;
    if (pid === undefined) return over;
    return await endGroup(this.#launcher, pid, this.#spec.become);
  }

  get #pid(): number | undefined {
    return this.#process?.pid ?? this.#marked.pid;
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const { stdin } = this.#options;
    if (stdin instanceof Readable) stdin.destroy();
    this.#leave();
  }
}

import { MessageChannel, Worker } from "node:worker_threads";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { packagePath } from "../core/package-root.ts";
import type { DrillEventBody } from "../engine/events.ts";
import { attemptsOf } from "./attempt-log.ts";
import { monotonicMs } from "./clock.ts";
import type {
  Answer,
  FromThread,
  ReadBackResult,
  Request,
  RequestName,
  Requests,
  Tally,
  ToThread,
} from "./messages.ts";
import type { Milestone, Reached } from "./milestones.ts";
import type { ReadBack, Recording } from "./recording.ts";
import type { DrillSettings } from "./settings.ts";

/** How long the measuring thread gets to close its connections before it is ended. */
const FAREWELL_MS = 3_000;

/**
 * A drill that is under way: probes write and read, instances are watched, all in a thread of its own, so that neither a
 * screen being drawn nor a journal being flushed makes a measured time longer.
 */
export class Drill {
  readonly settings: DrillSettings;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #origin = 0;
  #broken: RedishaError | undefined;
  #ended = false;

  private constructor(settings: DrillSettings, worker: Worker) {
    this.settings = settings;
    this.#worker = worker;
    this.#exited = new Promise((resolve) => {
      worker.once("exit", () => {
        if (!this.#ended) this.#broken ??= broken("its thread ended");
        resolve();
      });
    });
    worker.on("error", (error: Error) => {
      this.#broken ??= broken(error.message);
    });
  }

  /**
   * Starts the thread, connects every probe and watcher, and gives the drill once all probes have written.
   * Fails with DRILL_START_FAILED where that does not come about.
   */
  static async start(settings: DrillSettings, emit: (event: DrillEventBody) => void): Promise<Drill> {
    const worker = new Worker(threadFile(), { workerData: settings, stdout: false, stderr: false });
    const drill = new Drill(settings, worker);
    try {
      await new Promise<void>((resolve, reject) => {
        worker.on("message", (message: FromThread) => {
          if (message.kind === "event") {
            if (!drill.#ended) emit(message.event);
          } else if (message.kind === "failed") reject(new RedishaError(message.error));
          else {
            drill.#origin = message.origin;
            resolve();
          }
        });
        drill.#exited.then(() => reject(drill.#broken ?? broken("its thread ended")));
      });
      return drill;
    } catch (error) {
      await drill.end();
      throw error;
    }
  }

  /** Milliseconds since the recording began, on its clock. */
  now(): number {
    return monotonicMs() - this.#origin;
  }

  /**
   * Writes down that something happened, now or at a moment of `now()`. Any name will do; these the drill understands:
   *
   * - `fault`, or in a planned change `writes_paused` or `failover_ordered`: what the times after the fault count from. The
   *   first of them counts.
   * - `writes_paused`, `writes_resumed`, with the instance's id as detail: in between it is not held to be writable.
   */
  mark(name: string, detail = "", at = this.now()): void {
    this.#post({ kind: "mark", at, name, detail });
  }

  /** Waits for a milestone. Fails with DRILL_NOT_REACHED, which says what is still missing. */
  until(milestone: Milestone, withinMs: number, signal: AbortSignal): Promise<Reached> {
    return this.#ask("until", { milestone, within_ms: withinMs }, signal);
  }

  /** What the probes did since a moment of `now()`. */
  tally(since: number, signal?: AbortSignal): Promise<Tally> {
    return this.#ask("tally", { since }, signal);
  }

  /** Looks for every write of every probe on the primary. `rejoined` fails unless the old primary follows it again. */
  readBack(when: ReadBack["when"], signal?: AbortSignal): Promise<ReadBackResult> {
    return this.#ask("read_back", { when }, signal);
  }

  /** Ends the probes. A second call gives the same. */
  stop(signal?: AbortSignal): Promise<Tally> {
    return this.#ask("stop", {}, signal);
  }

  /** Removes the keys from the primary; gives how many there were. Stops the probes first. */
  async clean(signal?: AbortSignal): Promise<number> {
    const { removed } = await this.#ask("clean", {}, signal);
    return removed;
  }

  /** Everything recorded so far. */
  async recording(signal?: AbortSignal): Promise<Recording> {
    const { probes, ...rest } = await this.#ask("recording", {}, signal);
    return { ...rest, probes: probes.map((probe) => ({ ...probe, attempts: attemptsOf(probe.attempts) })) };
  }

  /** Ends the thread with all of its connections, and removes the keys where that takes no longer than a moment. */
  async end(): Promise<void> {
    if (this.#ended) return this.#exited;
    this.#ended = true;
    this.#post({ kind: "end", clean: true });
    const late = setTimeout(() => void this.#worker.terminate(), FAREWELL_MS);
    await this.#exited;
    clearTimeout(late);
  }

  #post(message: ToThread, transfer: readonly Request["port"][] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #ask<K extends RequestName>(ask: K, what: Requests[K]["with"], signal?: AbortSignal): Promise<Requests[K]["gives"]> {
    signal?.throwIfAborted();
    if (this.#broken) throw this.#broken;
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve, reject) => {
      const stop = () => settle(() => reject(signal?.reason));
      const settle = (act: () => void) => {
        signal?.removeEventListener("abort", stop);
        port1.close();
        act();
      };
      signal?.addEventListener("abort", stop, { once: true });
      port1.once("message", (answer: Answer<K>) =>
        settle(() => (answer.ok ? resolve(answer.value) : reject(new RedishaError(answer.error)))),
      );
      this.#exited.then(() => settle(() => reject(this.#broken ?? broken("it was ended"))));
      this.#post({ kind: "request", ask, with: what, port: port2 } as Request, [port2]);
    });
  }
}

/** From the sources Node runs the file beside this one; in the bundle it is an entry of its own. */
function threadFile(): URL | string {
  const fromSource = import.meta.url.endsWith(".ts");
  return fromSource ? new URL("./thread.ts", import.meta.url) : packagePath("dist", "drill-thread.js");
}

function broken(why: string): RedishaError {
  return new RedishaError({
    code: "DRILL_BROKEN",
    message: `The measuring of the drill broke off: ${why.replace(/\.$/, "")}.`,
    exit: EXIT.failedSafe,
    state: "what it had recorded is lost; its keys expire by themselves",
    next: ["redisha status", "run the drill again"],
  });
}

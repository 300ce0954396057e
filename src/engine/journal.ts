import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, RedishaError } from "../core/errors.ts";
import { scrubber } from "../core/scrub.ts";
import type { EventError, StepStatus } from "./events.ts";

/** One line of a journal, before `seq`, `prev` and `at` are added. */
export type JournalEntry =
  | {
      readonly kind: "run_started";
      readonly run: string;
      readonly runbook: string;
      readonly version: string;
      readonly digest: string;
      readonly deployment: string;
      readonly inputs: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "intent";
      readonly step: string;
      readonly target: string;
      readonly attempt: number;
      readonly effect: string;
      readonly commands: readonly string[];
    }
  | {
      readonly kind: "outcome";
      readonly step: string;
      readonly target: string;
      readonly attempt: number;
      readonly status: StepStatus;
      readonly duration_ms: number;
      readonly before?: Readonly<Record<string, unknown>>;
      readonly outputs?: unknown;
      readonly error?: EventError;
    }
  | { readonly kind: "run_finished"; readonly status: string; readonly exit: number };

/** What follows an op is bounded: a journal is a record, not a copy of the data. */
const MAX_LINE = 64 * 1024;

/**
 * One append-only file per run, a JSON object per line. Each line carries the SHA-256 of the one before it, is scrubbed
 * of secrets, and is on the disk when `append` returns. A line that cannot be written stops the run before the op.
 */
export class Journal {
  readonly path: string;
  readonly #file: FileHandle;
  #seq = 0;
  #prev = "";
  #queue: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Creates the journal of a new run. Fails with JOURNAL_UNWRITABLE where it cannot be. */
  static async create(directory: string, run: string): Promise<Journal> {
    const path = join(directory, `${run}.jsonl`);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return new Journal(path, await open(path, "ax", 0o600));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Appends and flushes one line; lines of concurrent ops are kept in the order of the calls. */
  append(entry: JournalEntry): Promise<void> {
    const write = this.#queue.then(() => this.#write(entry));
    this.#queue = write.catch(() => undefined);
    return write;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#file.close();
  }

  async #write(entry: JournalEntry): Promise<void> {
    this.#seq += 1;
    const head = { seq: this.#seq, prev: this.#prev, at: new Date().toISOString() };
    let line = scrubber.scrub(JSON.stringify({ ...head, ...entry }));
    if (line.length > MAX_LINE && entry.kind === "outcome") {
      line = scrubber.scrub(JSON.stringify({ ...head, ...entry, outputs: "…dropped: longer than 64 KiB" }));
    }
    try {
      await this.#file.appendFile(`${line}\n`);
      await this.#file.datasync();
    } catch (error) {
      throw unwritable(this.path, error);
    }
    this.#prev = createHash("sha256").update(line).digest("hex");
  }
}

function unwritable(path: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "JOURNAL_UNWRITABLE",
    message: `The journal ${path} cannot be written: ${messageOf(cause)}`,
    state: "the op that was about to start was not started",
    next: [`df -h ${dirname(path)}`, "REDISHA_STATE_DIR=/another/place redisha …"],
    cause,
  });
}

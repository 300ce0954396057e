import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearestExisting, whyUnwritable } from "../core/files.ts";
import { scrubber } from "../core/scrub.ts";
import { History } from "./history.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { readJournal } from "./journal-read.ts";

/** A journal is a record, not a copy of the data: longer outputs are left out. */
const MAX_LINE = 64 * 1024;

/**
 * One append-only file per run, a JSON object per line. Each line carries the SHA-256 of the one before it and is
 * scrubbed of secrets. A line that cannot be written stops the run before the op.
 */
export class Journal {
  readonly path: string;
  /** What the lines so far say of each op; kept up to date as lines are appended. */
  readonly history: History;
  readonly #file: FileHandle;
  #seq: number;
  #prev: string;
  #queue: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, history: History, seq: number, prev: string) {
    this.path = path;
    this.#file = file;
    this.history = history;
    this.#seq = seq;
    this.#prev = prev;
  }

  /** Creates the journal of a new run. Fails with JOURNAL_UNWRITABLE where it cannot be. */
  static async create(directory: string, run: string): Promise<Journal> {
    const path = journalPath(directory, run);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return new Journal(path, await open(path, "ax", 0o600), new History(), 0, "");
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /**
   * Opens the journal of a run that stopped, to go on with it. A last line that was cut short by a crash is taken away:
   * it was never on the disk as a whole, so nothing was done on the strength of it. Fails with JOURNAL_TAMPERED where
   * the chain is broken.
   */
  static async reopen(path: string): Promise<Journal> {
    const read = readJournal(await readFile(path), path);
    if (read.broken) throw tampered(path, read.broken.line, read.broken.why);
    try {
      if (read.tornBytes > 0) await truncate(path, read.wholeBytes);
      const journal = new Journal(
        path,
        await open(path, "a", 0o600),
        new History(),
        read.lines.length,
        read.lastDigest,
      );
      for (const line of read.lines) journal.history.take(line);
      return journal;
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /**
   * Appends one line; lines of concurrent ops are kept in the order of the calls. With `flush` the line, and all before
   * it, is on the disk when this returns.
   */
  append(entry: JournalEntry, options: { flush: boolean } = { flush: true }): Promise<void> {
    const write = this.#queue.then(() => this.#write(entry, options.flush));
    this.#queue = write.catch(() => undefined);
    return write;
  }

  /** Lines so far. */
  get length(): number {
    return this.#seq;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#file.close();
  }

  async #write(entry: JournalEntry, flush: boolean): Promise<void> {
    const head = { seq: this.#seq + 1, prev: this.#prev, at: new Date().toISOString() };
    let line = JSON.stringify(scrubber.scrubData({ ...head, ...entry }));
    if (line.length > MAX_LINE && entry.kind === "outcome") {
      line = JSON.stringify(scrubber.scrubData({ ...head, ...entry, outputs: "…dropped: longer than 64 KiB" }));
    }
    try {
      await this.#file.appendFile(`${line}\n`);
      if (flush) await this.#file.datasync();
    } catch (error) {
      throw unwritable(this.path, error);
    }
    this.#seq += 1;
    this.#prev = createHash("sha256").update(line).digest("hex");
    this.history.take(entry);
  }
}

/** Where the journal of a run stands below the state directory. */
export function journalPath(directory: string, run: string): string {
  return join(directory, "runs", `${run}.jsonl`);
}

function unwritable(path: string, cause: unknown): RedishaError {
  const there = nearestExisting(dirname(path));
  return new RedishaError({
    code: "JOURNAL_UNWRITABLE",
    message: `The journal ${path} cannot be written: ${whyUnwritable(dirname(path), cause)}`,
    state: "the op that was about to start was not started",
    next: [`ls -ld ${there}`, `df -h ${there}`, "REDISHA_STATE_DIR=/another/place redisha …"],
    cause,
  });
}

function tampered(path: string, line: number, why: string): RedishaError {
  return new RedishaError({
    code: "JOURNAL_TAMPERED",
    message: `The journal ${path} cannot be relied on: line ${line} ${why}.`,
    exit: EXIT.verificationFailed,
    state: "nothing was touched",
    next: ["redisha runs verify", "look at the servers themselves: redisha status --wide"],
  });
}

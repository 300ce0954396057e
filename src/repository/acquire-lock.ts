import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { formatDuration } from "../core/units.ts";
import { discardUnfinished } from "./delete-backup.ts";
import { locksFolder } from "./layout.ts";
import type { LockRecord } from "./lock-record.ts";
import { type FoundLock, isOfTheDead, isStale, LOCK_TTL_MS, processSpace, readLocks } from "./locks.ts";
import type { Repository } from "./repository.ts";
import { toJson } from "./small-object.ts";

export interface LockRequest {
  /** Shared: readers and makers of backups, many at a time. Exclusive: whoever deletes. */
  readonly kind: LockRecord["kind"];
  /** One word for the others: backup, prune. */
  readonly purpose: string;
  /** The backup that is being made: to others it is running then, not left over. */
  readonly backupId?: string;
  readonly runId?: string;
  /** How long to try where others hold it; 0 by default, which still outlasts a tie. */
  readonly waitMs?: number;
  /** Time that the lock lives without its holder; five minutes by default. */
  readonly ttlMs?: number;
  readonly signal?: AbortSignal;
}

export interface HeldLock {
  readonly record: LockRecord;
  /** Aborts with REPOSITORY_LOCK_LOST once the lock may have passed to others: stop writing then. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Two that begin at the same moment see each other and both step back: a few tries, at different times, settle it. */
const TIE_TRIES = 4;
const TIE_MS = 250;
const WAIT_STEP_MS = 2_000;

/**
 * Takes the lock of a deployment's backups. Each holder has an object of its own; whoever finds, after having written it,
 * another that does not go with it takes it back. So no store needs to know conditional writes, and no clock but the
 * store's counts. Locks of the dead are removed. Fails with REPOSITORY_LOCKED, exit code 5, naming the holder.
 */
export async function acquireLock(repository: Repository, request: LockRequest): Promise<HeldLock> {
  const { waitMs = 0, signal = new AbortController().signal } = request;
  const until = Date.now() + waitMs;
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const record = recordOf(request);
    const key = `${locksFolder(repository.deployment)}${record.id}.json`;
    await repository.store.create(key, toJson(record));
    const others = await rivals(repository, key, record);
    const first = others[0];
    if (!first) return new Heartbeat(repository, key, record);
    await repository.store.delete(key);
    if (tries >= TIE_TRIES && Date.now() >= until) throw locked(repository, first);
    await sleep(tries < TIE_TRIES ? TIE_MS * Math.random() * tries : WAIT_STEP_MS, signal);
  }
}

function recordOf({ kind, purpose, backupId, runId, ttlMs }: LockRequest): LockRecord {
  const space = processSpace();
  return {
    id: randomBytes(8).toString("hex"),
    kind,
    purpose,
    host: hostname(),
    pid: process.pid,
    ...(space === undefined ? {} : { space }),
    user: userInfo().username,
    acquired: new Date().toISOString(),
    ttl_ms: ttlMs ?? LOCK_TTL_MS,
    ...(backupId === undefined ? {} : { backup_id: backupId }),
    ...(runId === undefined ? {} : { run_id: runId }),
  };
}

/** The locks that do not go with ours. Our own object says what time it is for the store. */
async function rivals(repository: Repository, key: string, own: LockRecord): Promise<readonly FoundLock[]> {
  const locks = await readLocks(repository);
  const now = locks.find((lock) => lock.key === key)?.modifiedMs;
  if (now === undefined) throw lockLost(repository);
  const alive: FoundLock[] = [];
  for (const lock of locks) {
    if (lock.key === key) continue;
    if (isStale(lock, now)) await bury(repository, lock, own);
    else if (own.kind === "exclusive" || lock.record?.kind !== "shared") alive.push(lock);
  }
  return alive;
}

/** Removes the lock of who is gone; before it, what a process that is known to be dead was storing: the lock alone tells of it. */
async function bury(repository: Repository, lock: FoundLock, { backup_id: own }: LockRecord): Promise<void> {
  const left = lock.record?.backup_id;
  // A run that is gone on with stores what is missing beside what it stored before.
  if (left !== undefined && left !== own && isOfTheDead(lock)) await discardUnfinished(repository, left);
  await repository.store.delete(lock.key);
}

/** Keeps a lock alive until it is released. */
class Heartbeat implements HeldLock {
  readonly record: LockRecord;
  readonly #repository: Repository;
  readonly #key: string;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #beat: Promise<void> = Promise.resolve();
  #lastMs = performance.now();
  #beating = false;

  constructor(repository: Repository, key: string, record: LockRecord) {
    this.#repository = repository;
    this.#key = key;
    this.record = record;
    this.#timer = setInterval(() => this.#tick(), record.ttl_ms / 3);
    this.#timer.unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beat;
    if (!this.#lost.signal.aborted) await this.#repository.store.delete(this.#key);
  }

  #tick(): void {
    // Silence counts also while a beat hangs.
    if (performance.now() - this.#lastMs > this.record.ttl_ms) this.#giveUp();
    if (this.#beating || this.#lost.signal.aborted) return;
    this.#beating = true;
    this.#beat = this.#renew().finally(() => {
      this.#beating = false;
    });
  }

  async #renew(): Promise<void> {
    const began = performance.now();
    const { store } = this.#repository;
    try {
      // Somebody took it for dead and removed it: to write it again would be to share what is not shared.
      if (!(await store.stat(this.#key))) return this.#giveUp();
      await store.replace(this.#key, toJson(this.record));
      this.#lastMs = began;
    } catch {
      // The next beat tries again, until the lock is too old to be ours.
    }
  }

  #giveUp(): void {
    clearInterval(this.#timer);
    this.#lost.abort(lockLost(this.#repository));
  }
}

function locked({ store, deployment }: Repository, { record }: FoundLock): RedishaError {
  const who = record
    ? `${record.purpose} by ${record.user} on ${record.host} (pid ${record.pid}), since ${record.acquired}`
    : "somebody whose lock cannot be read";
  return new RedishaError({
    code: "REPOSITORY_LOCKED",
    message: `The backups of ${deployment} in ${store.shown} are locked: ${who}.`,
    exit: EXIT.lockHeld,
    state: "nothing was changed",
    next: [
      `wait for it; a lock whose holder is gone ends by itself within ${formatDuration(record?.ttl_ms ?? LOCK_TTL_MS)}`,
    ],
  });
}

function lockLost({ store, deployment }: Repository): RedishaError {
  return new RedishaError({
    code: "REPOSITORY_LOCK_LOST",
    message: `The lock on the backups of ${deployment} in ${store.shown} was lost: it could not be renewed in time, or somebody removed it.`,
    exit: EXIT.lockHeld,
    state: "what was being written does not count",
    next: ["run it again"],
  });
}

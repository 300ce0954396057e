import { type RdbHeader, readRdbHeader } from "../../../backup/rdb-header.ts";
import { type FileMark, judgeSave, readMark } from "../../../backup/save-proof.ts";
import type { ExecResult, HostConnection, RedisConnection } from "../../../connect/types.ts";
import { sleep } from "../../../core/abort.ts";
import { RedishaError } from "../../../core/errors.ts";
import { EXIT } from "../../../core/exit-codes.ts";
import type { ActionContext } from "../../contract.ts";
import { becomes, instanceNamed, type Source } from "../sources.ts";
import { giveUpUnbegun, storeAhead } from "../store-ahead.ts";
import { type Persistence, persistenceOf } from "./persistence.ts";
import { keptName, LINK, LOOK, SWEEP } from "./scripts.ts";
import { type SnapshotPlace, snapshotPlace } from "./server-files.ts";

/** A snapshot that a server has just written, held by a link of ours so that no later save takes it away. */
export interface KeptSave {
  readonly path: string;
  readonly dir: string;
  readonly before: FileMark | undefined;
  readonly after: FileMark;
  readonly header: RdbHeader;
  readonly durationMs: number;
  readonly forkUsec: number | null;
  readonly cowBytes: number | null;
}

/** The server ended the child of its own accord, or another save was running: worth another try. */
export class NotSaved extends Error {}

/** Asked again after a twentieth of the time it took so far: who waits for hours need not ask every moment. */
const POLL = { share: 1 / 20, leastMs: 50, mostMs: 1_000 };

/** One BGSAVE on one source, in the three parts that a set of several needs: get ready, ask, prove. */
export class SourceSave {
  readonly source: Source;
  readonly #context: ActionContext;
  readonly #redis: RedisConnection;
  readonly #shell: HostConnection;
  readonly #become: boolean;
  readonly #place: SnapshotPlace;
  #before: FileMark | undefined;
  #askedAt = 0;
  #startedAt = 0;

  private constructor(
    source: Source,
    context: ActionContext,
    links: { redis: RedisConnection; shell: HostConnection; become: boolean; place: SnapshotPlace },
  ) {
    this.source = source;
    this.#context = context;
    this.#redis = links.redis;
    this.#shell = links.shell;
    this.#become = links.become;
    this.#place = links.place;
  }

  static async open(source: Source, context: ActionContext): Promise<SourceSave> {
    const instance = instanceNamed(context.deployment, source.instance);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    const place = await snapshotPlace(redis);
    return new SourceSave(source, context, { redis, shell, become: becomes(instance.host), place });
  }

  /** Removes what dead runs left, waits until no child runs, and remembers the file and the time before. */
  async prepare(): Promise<void> {
    const { dir, path } = this.#place;
    await this.#script(SWEEP, [dir, keptName(this.#context.life.id)]);
    await this.#untilIdle("another save or rewrite");
    this.#before = readMark((await this.#script(LOOK, [path])).stdout);
    this.#askedAt = await serverSeconds(this.#redis, this.#context.signal);
  }

  /** Sends BGSAVE. The reply comes after the fork: what it saves is fixed. Throws NotSaved where another child runs. */
  async ask(): Promise<void> {
    this.#startedAt = performance.now();
    try {
      await this.#redis.command(["BGSAVE"], { signal: this.#context.signal });
    } catch (error) {
      if (error instanceof RedishaError && /in progress|rewrit/i.test(error.message))
        throw new NotSaved("another child runs");
      if (error instanceof RedishaError && /unknown command|no permissions/i.test(error.message))
        throw this.#notHad(error);
      throw error;
    }
  }

  /** Begins to store what the child writes, as it writes it. */
  storeAhead(limitRate: number | null): void {
    storeAhead(this.source, this.#place.dir, limitRate, this.#context);
  }

  /** Waits for the child, proves that the file is from this save, and keeps it by a link. */
  async finish(): Promise<KeptSave> {
    const state = await this.#untilIdle("saving");
    await giveUpUnbegun(this.source.instance, this.#context.life);
    const durationMs = Math.round(performance.now() - this.#startedAt);
    const kept = await this.#link(state);
    const { forkUsec, cowBytes } = state;
    return { ...kept, before: this.#before, dir: this.#place.dir, durationMs, forkUsec, cowBytes };
  }

  /** Links first and judges the link: what is proved is what is kept, whatever replaces the file meanwhile. */
  async #link(state: Persistence): Promise<Pick<KeptSave, "path" | "after" | "header">> {
    const { dir, path } = this.#place;
    const link = `${dir}/${keptName(this.#context.life.id)}`;
    const facts = { before: this.#before, saving: state.saving, statusOk: state.lastOk, askedAt: this.#askedAt };
    const early = judgeSave({
      ...facts,
      after: readMark((await this.#script(LOOK, [path])).stdout),
      header: undefined,
    });
    if (early.kind === "again") throw new NotSaved(early.why);
    if (!state.lastOk) throw this.#failed(early.kind === "failed" ? early.why : "");
    const { stdout } = await this.#script(LINK, [path, link]);
    const [first = "", ...hex] = stdout.split("\n");
    const after = readMark(first);
    const header = readRdbHeader(Buffer.from(hex.join("").replace(/\s/g, ""), "hex"));
    const verdict = judgeSave({ ...facts, after, header });
    if (verdict.kind === "again") throw new NotSaved(verdict.why);
    if (verdict.kind === "failed" || !after || !header)
      throw this.#failed(verdict.kind === "failed" ? verdict.why : "");
    return { path: link, after, header };
  }

  async #untilIdle(what: string): Promise<Persistence> {
    const began = performance.now();
    for (;;) {
      const state = await persistenceOf(this.#redis, this.#context.signal);
      if (!state.loading && !state.saving && !state.rewriting && !state.rewriteScheduled) return state;
      const amount =
        state.keysToSave && state.keysSaved !== null
          ? { done: state.keysSaved, total: state.keysToSave, unit: "keys" }
          : undefined;
      this.#context.progress(`${this.source.instance}: ${state.loading ? "loading" : what}`, amount);
      const wait = (performance.now() - began) * POLL.share;
      await sleep(Math.min(Math.max(wait, POLL.leastMs), POLL.mostMs), this.#context.signal);
    }
  }

  async #script(text: string, args: readonly string[]): Promise<ExecResult> {
    const result = await this.#shell.script(text, args, { become: this.#become, signal: this.#context.signal });
    if (result.code === 0) return result;
    throw new RedishaError({
      code: "BACKUP_HOST_FILES",
      message: `The snapshot of ${this.source.instance} cannot be looked at or linked: ${result.stderr.trim() || `status ${result.code}`}`,
      host: this.source.host,
      state: "the server is as it was; nothing was stored",
      next: [
        `let the SSH user read and write ${this.#place.dir}, for instance with \`become: sudo\``,
        "redisha backup --method sync",
      ],
    });
  }

  /** `rename-command BGSAVE ""`, or a user without it. */
  #notHad(cause: RedishaError): RedishaError {
    return new RedishaError({
      code: "SAVE_NOT_ALLOWED",
      message: `${this.source.instance} has no BGSAVE for redisha: it is renamed, or the user may not run it.`,
      host: this.source.instance,
      exit: EXIT.gateRefused,
      state: "nothing was saved; the server is as it was",
      next: ["redisha backup --method sync, which needs +psync +replconf +ping alone", "ACL SETUSER redisha +bgsave"],
      cause,
    });
  }

  #failed(why: string): RedishaError {
    const { instance, role } = this.source;
    return new RedishaError({
      code: "SAVE_FAILED",
      message: `BGSAVE on ${instance} failed: ${why}.`,
      host: instance,
      state:
        role === "primary"
          ? "nothing was stored; with save points set the primary refuses writes until a save succeeds"
          : "nothing was stored; the server answers as before",
      next: [`df -h ${this.#place.dir} and the log of ${instance} say why`, "redisha status"],
    });
  }
}

/** TIME of the server, in whole seconds: it is the clock that ctime in the file comes from. */
async function serverSeconds(redis: RedisConnection, signal: AbortSignal): Promise<number> {
  const reply = await redis.command(["TIME"], { signal });
  return Number(Array.isArray(reply) ? reply[0] : Number.NaN);
}

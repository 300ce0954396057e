import { Readable } from "node:stream";
import { serverFacts } from "../../../actions/backup/server-facts.ts";
import { fingerprintOf } from "../../../backup/fingerprint.ts";
import { HEADER_BYTES, readRdbHeader } from "../../../backup/rdb-header.ts";
import type { RedisConnection } from "../../../connect/types.ts";
import { messageOf, RedishaError } from "../../../core/errors.ts";
import { ownVersion } from "../../../core/own-version.ts";
import {
  type Chain,
  chainFolder,
  forgetBefore,
  forgetChain,
  pieceName,
  recordBase,
  recordPiece,
  recordProof,
  recordSeal,
  startChain,
} from "../../../repository/chain.ts";
import { type Packing, packFile } from "../../../repository/pipeline/pack-file.ts";
import type { Store } from "../../../repository/store.ts";
import { windowsOf } from "../../../restore/chain-moment.ts";
import { chainProblems } from "../../../restore/followed-health.ts";
import type { Shard as LiveShard } from "../../../topology/schema.ts";
import type { Session } from "../../session.ts";
import { begunAnew, goesOn } from "./goes-on.ts";
import { FollowedHost, type KeptPart, type ListedPart } from "./host.ts";
import { fileName, incrementName, removeStray, scan, sizeOf } from "./parts.ts";
import { chooseSource, clockOf, type FollowSource, objectionTo } from "./source.ts";
import { type Witness, witnessOf, wroteOnBetween } from "./witness.ts";

/** Bytes of an increment that are stored as one object, at most: as much is in memory. A larger value makes it more. */
const PIECE = 16 * 1024 * 1024;

const GAVE_UP = "parts that it has dropped are given up, and what was written to them is a gap";

const GAP =
  "has begun its file anew between two looks, and what it wrote meanwhile is not known to be there: a gap up to its new base";

/** After so many looks that failed another server is looked for. */
const FAILURES = 3;

export interface FollowedShard {
  readonly name: string;
  readonly live: LiveShard;
  /** All of the deployment: what tells it from others. */
  readonly slots: readonly LiveShard["slots"][];
}

interface Around {
  readonly session: Session;
  readonly store: Store;
  readonly packing: Packing;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Follows the append-only file of one shard: what the server appends is stored, piece by piece. */
export class ShardFollower {
  readonly #around: Around;
  readonly #shard: FollowedShard;
  #older: Chain[];
  #chain: Chain | undefined;
  #source: FollowSource | undefined;
  #host: FollowedHost | undefined;
  #failures = 0;
  #chosen = false;
  /** Increments that were seen together, in the order in which the server loads them. */
  #next = new Map<number, number>();
  /** What the server said before its file was looked at for the last time, and the increment that it was writing to. */
  #seen: { readonly witness: Witness; readonly last: number } | undefined;
  /** Names of increments that are whole in the repository. */
  readonly #sealed = new Set<string>();

  /**
   * `chains` are those of this shard, the oldest first: the newest is gone on with where its server still has the file, and
   * `problems` say nothing of it. On top of damage nothing could be restored.
   */
  constructor(around: Around, shard: FollowedShard, chains: readonly Chain[], problems: readonly string[]) {
    this.#around = around;
    this.#shard = shard;
    this.#older = [...chains];
    const newest = this.#older.pop();
    if (!newest) return;
    const place = chainFolder(newest.head);
    const [problem] = [...problems.filter((each) => each.startsWith(place)), ...chainProblems(newest)];
    if (problem === undefined) this.#chain = newest;
    else {
      around.tell(`${shard.name}: beginning anew, for what is stored is damaged: ${problem}`);
      this.#older.push(newest);
    }
  }

  get name(): string {
    return this.#shard.name;
  }

  /** Unix seconds up to which everything is stored; undefined before there is a whole base. */
  get reaches(): number | undefined {
    return this.#chain && windowsOf(this.#chain).at(-1)?.to;
  }

  /** One look: stores what came since the one before. What fails is told, and tried again by the next one; with `once` it is thrown. */
  async look(live: () => Promise<LiveShard>, once: boolean): Promise<void> {
    const { signal, tell } = this.#around;
    try {
      await this.#follow(live);
      if (this.#failures > 0) tell(`${this.name}: goes on`);
      this.#failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (once || (error instanceof RedishaError && this.#endsWith(error.code))) throw error;
      this.#failures += 1;
      if (this.#failures === 1 || this.#failures % 30 === 0) tell(`${this.name}: ${messageOf(error)}`);
      // Where nothing can be stored the server is followed all the same: what it drops meanwhile is kept on its host.
      if (error instanceof RedishaError && /^REPOSITORY_/.test(error.code)) return;
      this.#around.session.live.connections.forgetFailures();
      this.#host = undefined;
      if (this.#failures >= FAILURES) this.#source = undefined;
    }
  }

  /** At the start somebody looks on who can mend what the servers lack. */
  #endsWith(code: string): boolean {
    return code === "FOLLOW_SLOTS_MOVED" || (code === "FOLLOW_NO_SOURCE" && !this.#chosen);
  }

  /** Deletes what no moment of the last `keepMs` needs. */
  async forget(keepMs: number): Promise<void> {
    const { store } = this.#around;
    const from = Math.floor((Date.now() - keepMs) / 1_000);
    const kept: Chain[] = [];
    for (const chain of this.#older) {
      if ((windowsOf(chain).at(-1)?.to ?? 0) < from) await forgetChain(store, chain);
      else kept.push(await forgetBefore(store, chain, from));
    }
    this.#older = kept;
    if (this.#chain) this.#chain = await forgetBefore(store, this.#chain, from);
  }

  async #follow(live: () => Promise<LiveShard>): Promise<void> {
    const { session, signal, tell } = this.#around;
    const before = this.#source?.instance.id ?? this.#chain?.head.shard.source.instance;
    if (this.#source) {
      const why = await objectionTo(session.live.connections, this.#source.instance, signal);
      if (why !== undefined) throw new Error(`${this.#source.instance.id} ${why}`);
    } else {
      this.#source = await chooseSource(session, await live(), before, signal);
      this.#chosen = true;
      this.#host = undefined;
    }
    const { instance } = this.#source;
    const redis = await session.live.connections.redis(instance);
    if (!this.#host) {
      const shell = await session.live.connections.shell(instance.host);
      this.#host = await FollowedHost.open(instance, shell, redis, signal);
      this.#next = new Map();
      if (this.#chain && !(await goesOn(this.#chain, this.#host, instance.id))) this.#endChain();
      if (this.#chain) tell(`${this.name}: going on with ${instance.id}`);
      // What is kept there for a record that is not gone on with would stay for ever.
      else await this.#host.dropAll();
    }
    const now = await clockOf(redis, signal);
    // Before the manifest is read: what happens behind this moment is seen by the next look.
    const witness = await witnessOf(redis, signal);
    const { listed, kept, replaced, dropped, tight } = await this.#host.look(this.#stored());
    const present = listed.filter(({ type }) => type === "i");
    if (replaced || begunAnew(this.#chain, present)) {
      tell(`${this.name}: ${instance.id} has begun its append-only file anew`);
      await this.#host.dropAll();
      this.#endChain();
      throw new Error("following it from its new base");
    }
    this.#chain ??= await this.#begin(this.#source);
    for (const [index, { number }] of present.entries()) {
      const next = present[index + 1];
      if (next) this.#next.set(number, next.number);
    }
    await this.#bridge(redis, present);
    const last = present.at(-1)?.number;
    this.#seen = last === undefined ? undefined : { witness, last };
    await this.#giveUp(this.#host, dropped, tight);
    await this.#finishDropped(this.#host, present);
    for (const part of kept.filter(({ type }) => type === "i")) {
      await this.#storeIncrement(this.#host, part, part.number !== last);
    }
    const base = kept.find(({ type }) => type === "b");
    if (base && present[0]) await this.#storeBase(this.#host, base, present[0].number);
    // What was not stored by now never will be: nobody saw what the server loads before it.
    await this.#host.drop(dropped);
    // What was executed before TIME was asked stands in the file, unless the server holds it back for a slow disk. The
    // second that a write is annotated with is one that the server has read a little before.
    if (last !== undefined && witness.flushed) await this.#prove(last, now - 2);
  }

  /**
   * A rewrite that began and ended since the last look left an increment that nobody saw beside the one before it. The
   * server loads it next all the same, where the server says that it wrote to its file all the time.
   */
  async #bridge(redis: RedisConnection, present: readonly ListedPart[]): Promise<void> {
    const seen = this.#seen;
    const [first] = present;
    if (!seen || !first || first.number <= seen.last) return;
    const wroteOn = wroteOnBetween(seen.witness, await witnessOf(redis, this.#around.signal));
    if (wroteOn && first.number === seen.last + 1) this.#next.set(seen.last, first.number);
    else this.#around.tell(`${this.name}: ${this.#source?.instance.id} ${GAP}`);
  }

  #endChain(): void {
    if (this.#chain) this.#older.push(this.#chain);
    this.#chain = undefined;
    this.#next = new Map();
    this.#seen = undefined;
    this.#sealed.clear();
  }

  async #begin({ instance, role, primary }: FollowSource): Promise<Chain> {
    const { session, store, signal, tell } = this.#around;
    const { deployment, live } = session;
    const redis = await live.connections.redis(instance);
    const { name, live: shard, slots } = this.#shard;
    tell(`${name}: following ${role} ${instance.id}`);
    return startChain(store, {
      deployment: deployment.name,
      topology: deployment.kind,
      fingerprint: fingerprintOf(deployment, slots),
      redisha_version: ownVersion(),
      started: new Date().toISOString(),
      shard: {
        name,
        slots: shard.slots.map(([a, b]) => [a, b]),
        source: {
          instance: instance.id,
          role,
          fell_back_to_primary: instance.id === primary && shard.replica_ids.length > 0,
        },
        server: await serverFacts(redis, signal),
      },
    });
  }

  /** Names that are stored and need no link any more. */
  #stored(): Set<string> {
    return new Set([...(this.#chain?.bases.map(({ file }) => fileName(file.name)) ?? []), ...this.#sealed]);
  }

  /** A base that the server has dropped is needed no more; where its disk is nearly full, nothing that it has dropped is kept. */
  async #giveUp(host: FollowedHost, dropped: readonly string[], tight: boolean): Promise<void> {
    await host.drop(dropped.filter((name) => tight || /\.base\.[^.]+$/.test(name)));
    if (!tight || dropped.length === 0) return;
    this.#around.tell(`${this.name}: the disk of ${this.#source?.instance.id} is nearly full: ${GAVE_UP}`);
  }

  /** An increment that the server has dropped is kept until the rest of it is stored. */
  async #finishDropped(host: FollowedHost, present: readonly ListedPart[]): Promise<void> {
    const chain = this.#chain;
    const known = new Set([...(chain?.increments.keys() ?? []), ...this.#next.keys()]);
    const open = [...known].filter((number) => !chain?.seals.has(number)).sort((a, b) => a - b);
    for (const number of open) {
      if (present.some((part) => part.number === number)) continue;
      const name = incrementName(present, number);
      const size = name === undefined ? undefined : await host.keptSize(name);
      if (name === undefined || size === undefined) continue;
      await this.#storeIncrement(host, { name, number, type: "i", path: host.pathOf(name), size }, true);
    }
  }

  /** Stores what came behind the last piece; where nothing more can come, seals it. */
  async #storeIncrement(host: FollowedHost, { name, number, path, size }: KeptPart, over: boolean): Promise<void> {
    const { store, packing, signal } = this.#around;
    let limit = PIECE;
    for (;;) {
      const chain = this.#chain;
      if (!chain) return;
      if (chain.seals.has(number)) {
        this.#sealed.add(name);
        return host.drop([name]);
      }
      const offset = sizeOf(chain, number);
      const length = Math.min(limit, size - offset);
      const bytes = length > 0 ? await host.read(path, offset, length) : Buffer.alloc(0);
      const { whole, first, last, unmarked, bad } = await scan(bytes);
      if (bad !== null) throw new Error(`${name} is no append-only file at ${offset}: ${bad}`);
      if (whole === 0 && offset + length < size) {
        limit *= 2;
        continue;
      }
      if (whole === 0) break;
      const folder = chainFolder(chain.head);
      const key = pieceName(number, offset);
      await removeStray(store, folder, key);
      const content = Readable.from([bytes.subarray(0, whole)]);
      const file = await packFile(store, folder, content, packing, {
        name: key,
        kind: "aof-incr",
        estimate: whole,
        signal,
      });
      this.#chain = await recordPiece(store, chain, number, { offset, first, last, unmarked, file });
      limit = PIECE;
    }
    if (!over || !this.#chain) return;
    const next = this.#next.get(number) ?? null;
    const { proof } = this.#chain;
    const proven = proof?.number === number ? proof.at : null;
    this.#chain = await recordSeal(store, this.#chain, { number, size: sizeOf(this.#chain, number), next, proven });
    this.#sealed.add(name);
    await host.drop([name]);
  }

  async #storeBase(host: FollowedHost, { name, number, path, size }: KeptPart, from: number): Promise<void> {
    const { store, packing, signal, tell } = this.#around;
    const chain = this.#chain;
    if (!chain || chain.bases.some((base) => base.number === number)) return;
    const folder = chainFolder(chain.head);
    const key = `data/${name}`;
    await removeStray(store, folder, key);
    const head = await host.read(path, 0, Math.min(size, HEADER_BYTES));
    const created = Number(readRdbHeader(head)?.aux.ctime);
    const file = await packFile(store, folder, await host.stream(path, size), packing, {
      name: key,
      kind: "aof-base",
      estimate: size,
      signal,
    });
    if (file.size_raw !== size) throw new Error(`${name} came with ${file.size_raw} of ${size} bytes`);
    const when = Number.isSafeInteger(created) && created > 0 ? created : null;
    this.#chain = await recordBase(store, chain, { number, from, created: when, file });
    await host.drop([name]);
    tell(`${this.name}: base ${number} stored, ${size} bytes`);
  }

  /** Writes down up to when all is stored: also where nothing was written. */
  async #prove(number: number, at: number): Promise<void> {
    const chain = this.#chain;
    if (!chain || (chain.proof && chain.proof.at >= at)) return;
    this.#chain = await recordProof(this.#around.store, chain, { at, number, size: sizeOf(chain, number) });
  }
}

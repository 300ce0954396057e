import { sleep } from "../core/abort.ts";
import type { Bandwidth } from "./bandwidth.ts";
import { type NodeView, primaryOf, type Reach } from "./cluster-view.ts";
import { Heirs } from "./heirs.ts";
import { lanesTo } from "./lanes.ts";
import { leadAgain } from "./lead-again.ts";
import { mayReturn } from "./may-return.ts";
import type { Login } from "./migrate.ts";
import { tellOnceHeard } from "./once-heard.ts";
import { all, setSlots, stable } from "./orders.ts";
import { Outranking } from "./outranking.ts";
import { Pace } from "./pace.ts";
import type { Move } from "./plan-moves.ts";
import { serverInfo } from "./server-info.ts";
import { callOffReverse, jobsOf, moveByServer } from "./server-moves.ts";
import { untilServing } from "./serving.ts";
import { Shards } from "./shards.ts";
import type { SideBySide } from "./side-by-side.ts";
import { movePair, type Told } from "./slot-flow.ts";
import { slotsIn } from "./slot-list.ts";
import { isBegun, type SlotState, stateOf } from "./slot-state.ts";
import { tellsReplicas } from "./tells-replicas.ts";
import { formerTarget, interrupted, mayPass, noPrimary, ownedElsewhere, stuck } from "./trouble.ts";
import { untilKnown } from "./until-known.ts";
import { wayMs } from "./way.ts";
import type { Pair } from "./window.ts";

/** Between two looks at a shard that nobody answers for: short, since one that took over by hand takes writes at once. */
const LOOK_AGAIN_MS = 100;

/** What the mover works with. Times in milliseconds. */
export interface Moving extends Reach {
  /** Every instance of the deployment. */
  readonly instances: readonly string[];
  /** Instances that stand for each other: the members of a shard, when the move was planned. */
  readonly shards: readonly (readonly string[])[];
  readonly login: Login;
  /** `auto`: servers that can move slots by themselves do, where nothing limits the bandwidth; `keys`: key by key everywhere. */
  readonly method: "auto" | "keys";
  /** Shared with all other movers; undefined where there is no limit. */
  readonly bandwidth: Bandwidth | undefined;
  /** Of all movers of the run, those of this one among them. */
  readonly allMoves: readonly Move[];
  readonly sideBySide: SideBySide;
  /** How long, at most, what is moved at once may keep a server from its clients. */
  readonly maxLatencyMs: number;
  /** How long to look again and again without any slot being moved, before it is given up. */
  readonly patienceMs: number;
  /** How long a source waits for its target within one MIGRATE. */
  readonly migrateTimeoutMs: number;
  forgetFailures(): void;
  stopAsked(): boolean;
  onProgress(progress: Progress): void;
  onTrouble(message: string): void;
}

export interface Progress {
  /** Slots that are where they belong, by now. */
  readonly slots: number;
  readonly of: number;
  /** Keys that were sent by this process. */
  readonly keys: number;
  /** The longest that one command had a source busy, or that one held writes back to give slots away by itself. */
  readonly longestMs: number;
}

/** What came of it. */
export interface Moved extends Progress {
  /** Slots that had to be moved by this process; the others were there already. */
  readonly changed: number;
  /** How often it had to look anew and go on from what it found. */
  readonly retries: number;
}

/**
 * Moves slots, and goes on with what an earlier process left half done: what a slot is like is asked of the nodes every
 * time anew. An owner is changed only over an empty slot. Where a node does not answer, or a failover has put another in its
 * place, it looks again until somebody does; a slot that lost its mark in a failover is marked again.
 *
 * Moves of different sources go side by side. Called again when it is done it changes nothing.
 *
 * @throws {RedishaError} of exit 8, whose state says how far it came; INTERRUPTED where it was asked to stop.
 */
export class Mover {
  readonly #moves: readonly Move[];
  readonly #moving: Moving;
  readonly #total: number;
  readonly #done = new Set<number>();
  readonly #paces = new Map<string, Pace>();
  readonly #shards: Shards;
  readonly #heirs: Heirs;
  readonly #outranking: Outranking;
  #keys = 0;
  #changed = 0;
  #retries = 0;
  #heldMs = 0;
  /** How often marks had been lost when the nodes were last looked at. */
  #times = 0;
  #trouble = "";

  constructor(moves: readonly Move[], moving: Moving) {
    this.#moves = moves;
    this.#moving = moving;
    this.#shards = new Shards(moving.shards, moving.allMoves);
    this.#heirs = new Heirs(moves, { ...moving, shards: this.#shards });
    this.#outranking = new Outranking(moving);
    this.#total = new Set(moves.flatMap(({ slots }) => slotsIn(slots))).size;
  }

  async run(): Promise<Moved> {
    try {
      return await this.#run();
    } finally {
      await this.#heirs.release(this.#done.size === this.#total);
    }
  }

  async #run(): Promise<Moved> {
    const { signal, patienceMs } = this.#moving;
    let lastStep = performance.now();
    let done = -1;
    for (;;) {
      try {
        await this.#once();
        if (this.#done.size === this.#total) {
          const wanted = this.#moves.map(({ to, slots }) => ({ shard: this.#shardOf(to), slots: slotsIn(slots) }));
          await untilKnown(wanted, this.#moving.instances, this.#moving);
          return this.#moved();
        }
        if (this.#moving.stopAsked()) throw interrupted(this.#done.size, this.#total);
      } catch (error) {
        signal.throwIfAborted();
        if (this.#done.size > done) lastStep = performance.now();
        done = this.#done.size;
        const tired = performance.now() - lastStep > patienceMs;
        if (tired || !mayPass(error)) throw this.#ended(error);
        if (this.#moving.stopAsked()) throw this.#ended(error);
        this.#retries += 1;
        this.#heirs.alarm();
        this.#lookingAgain(error instanceof Error ? error.message : String(error));
        await sleep(LOOK_AGAIN_MS, signal);
        this.#moving.forgetFailures();
      }
    }
  }

  /** Says why, once for as long as it stays the same. */
  #lookingAgain(why: string): void {
    if (why !== this.#trouble) this.#moving.onTrouble(`${why} Looking again`);
    this.#trouble = why;
  }

  /** Looks at every slot, and does what is left to do; the first failure is thrown when all have come to an end. */
  async #once(): Promise<void> {
    const { views, times } = await this.#heirs.look();
    this.#times = times;
    const sources = Map.groupBy(this.#moves, ({ from }) => this.#shards.named(from));
    const work = [...sources.values()].map(async (moves) => {
      for (const move of moves) await this.#move(move, views);
    });
    const results = await Promise.allSettled(work);
    const failed = results.filter((result) => result.status === "rejected").map(({ reason }) => reason as unknown);
    if (failed.length > 0) throw failed.find((error) => !mayPass(error)) ?? failed[0];
  }

  async #move({ from, to, slots }: Move, views: readonly NodeView[]): Promise<void> {
    const shard = this.#shardOf(to);
    if (!primaryOf(shard, views) && (await leadAgain(to, shard, this.#moving))) return;
    const target = this.#primaryOf(to, views);
    const source = primaryOf(this.#shardOf(from), views);
    if (!source) return this.#moveFromNobody(slots, from, target, views);
    if (target.instance !== to) await this.#outranking.once(target, source);
    const others = views.filter((view) => view.primaryId === null && view !== source && view !== target);
    if (await callOffReverse(await this.#pair(target, source, others, true))) return;
    const states = Map.groupBy(slotsIn(slots), (slot) => stateOf(slot, source, target, others));
    const of = (state: SlotState) => states.get(state) ?? [];
    this.#finish(of("done"));
    if (this.#moving.stopAsked()) return;
    // These are looked at again when they know better.
    await this.#order([target], of("stale_target"), source.nodeId);
    await this.#order([source], of("stale_source"), target.nodeId);
    const half = of("half_closed");
    const held = await this.#held(of("to_move"), source, target, views);
    const open = of("to_move").filter((slot) => !held.includes(slot));
    const untold = of("untold");
    if (untold.length > 0) {
      await this.#tellOnceHeard([source, target, ...others], untold, target.nodeId);
      // It would have given them to the source, which knows nothing of that.
      const going = untold.filter((slot) => target.migrating.get(slot) === source.nodeId);
      await all(await this.#moving.connect(target.instance), stable(going), this.#moving.signal);
      this.#finish(untold);
    }
    const told: Told = {
      onKeys: (keys: number) => {
        this.#keys += keys;
        this.#tell();
      },
      onSlots: (moved: readonly number[]) => {
        this.#changed += moved.length;
        this.#finish(moved);
      },
      onHeld: (ms: number) => {
        this.#heldMs = Math.max(this.#heldMs, ms);
      },
      stopAsked: () => this.#moving.stopAsked(),
    };
    const back = of("other_way");
    if (back.length + half.length + open.length > 0)
      await untilServing(await this.#moving.connect(target.instance), this.#moving.signal);
    // Half of it is at the source already: it goes there whole first, for nobody can serve it from one side as it is.
    // Who takes it there has the lower epoch, since the other took over from whoever gave: it would lose it, and delete its keys.
    if (back.length > 0) {
      await this.#outranking.anew(source, target);
      await this.#byKeys(back, await this.#pair(target, source, others, true), { ...told, onSlots: () => {} });
    }
    // Who has taken slots has an epoch that the other may not have heard of: what is taken from it could come back to it.
    if (back.length + half.length > 0) await this.#outranking.anew(target, source);
    if (half.length > 0) await this.#byKeys(half, await this.#pair(source, target, others, false), told);
    if (open.length > 0)
      await this.#moveOpen(open, source, target, await this.#pair(source, target, others, true), told);
    if (held.length > 0) throw formerTarget(target.instance, held);
    if (of("elsewhere").length > 0) throw ownedElsewhere(of("elsewhere"), source.instance, target.instance);
  }

  /** Slots on their way that their source must not let go of yet. */
  async #held(
    slots: readonly number[],
    source: NodeView,
    target: NodeView,
    views: readonly NodeView[],
  ): Promise<number[]> {
    const begun = slots.filter((slot) => isBegun(slot, source, target));
    const { members } = this.#shards.of(target.instance) ?? this.#shards.named(target.instance);
    if (begun.length === 0 || !mayReturn(target, members, views)) return [];
    const info = await serverInfo(await this.#moving.connect(target.instance), this.#moving.signal);
    return tellsReplicas(info) ? begun : [];
  }

  /**
   * A primary that has lost its last slot becomes a replica of who got it, and its replicas with it, where it is not told to
   * stay (before 7.0 it cannot be): then there is nobody left to be told, and nothing to be moved.
   */
  #moveFromNobody(slots: Move["slots"], from: string, target: NodeView, views: readonly NodeView[]): void {
    const primaries = views.filter(({ primaryId }) => primaryId === null);
    const arrived = slotsIn(slots).filter(
      (slot) => !target.importing.has(slot) && primaries.every(({ owners }) => owners[slot] === target.nodeId),
    );
    this.#finish(arrived);
    if (arrived.length < slotsIn(slots).length) throw noPrimary(this.#shardOf(from));
  }

  /** What is half moved already goes on as it began; the rest by the servers themselves, where they can and may. */
  async #moveOpen(slots: readonly number[], source: NodeView, target: NodeView, pair: Pair, told: Told): Promise<void> {
    const begun = slots.filter((slot) => isBegun(slot, source, target));
    const rest = slots.filter((slot) => !begun.includes(slot));
    const mayDoItself = this.#moving.method === "auto" && !this.#moving.bandwidth;
    const jobs = mayDoItself && rest.length > 0 ? await jobsOf(pair) : undefined;
    if (begun.length > 0 || !jobs) await this.#outranking.unheard(target, source);
    if (!jobs) return this.#byKeys([...begun, ...rest], pair, told);
    if (begun.length > 0) await this.#byKeys(begun, pair, told);
    const moved = await moveByServer(rest, pair, jobs, told, this.#moving.onTrouble);
    if (moved) return;
    await this.#outranking.unheard(target, source);
    await this.#byKeys(rest, pair, told);
  }

  /** While a slot is open its source must not hand over to a replica that knows nothing of that. */
  async #byKeys(slots: readonly number[], pair: Pair, told: Told): Promise<void> {
    await this.#heirs.bar(pair.handover.source.instance);
    await movePair(slots, pair, told);
  }

  async #pair(source: NodeView, target: NodeView, others: readonly NodeView[], sourceOwns: boolean): Promise<Pair> {
    const { connect, login, migrateTimeoutMs: timeoutMs, maxLatencyMs, bandwidth, sideBySide, signal } = this.#moving;
    const line = source.lines.find(({ id }) => id === target.nodeId);
    if (!line || line.address === "") throw noPrimary([target.instance]);
    const times = this.#times;
    const ends = { source: await connect(source.instance), target: await connect(target.instance) };
    const known = this.#paces.get(source.instance);
    const pace = known ?? new Pace(maxLatencyMs, await wayMs(Object.values(ends), signal));
    this.#paces.set(source.instance, pace);
    return {
      sourceId: source.nodeId,
      targetId: target.nodeId,
      handover: {
        ...ends,
        address: line.address,
        port: line.port,
        ...{ login, sourceOwns, timeoutMs, pace, bandwidth, signal, cutOff: sideBySide.cutOff },
      },
      lanes: (node) => lanesTo(node, this.#moving),
      turn: (work) => this.#heirs.turn(times, work),
      tell: (slots) => this.#tellOnceHeard(others, slots, target.nodeId).catch(() => undefined),
    };
  }

  async #order(nodes: readonly NodeView[], slots: readonly number[], owner: string): Promise<void> {
    const { connect, signal } = this.#moving;
    const orders = setSlots(slots, "NODE", owner);
    await Promise.all(nodes.map(async ({ instance }) => all(await connect(instance), orders, signal)));
  }

  async #tellOnceHeard(nodes: readonly NodeView[], slots: readonly number[], owner: string): Promise<void> {
    const { connect, signal } = this.#moving;
    await Promise.all(nodes.map(async ({ instance }) => tellOnceHeard(slots, owner, await connect(instance), signal)));
  }

  #primaryOf(id: string, views: readonly NodeView[]): NodeView {
    const members = this.#shardOf(id);
    const found = primaryOf(members, views);
    if (!found) throw noPrimary(members);
    return found;
  }

  #shardOf(id: string): readonly string[] {
    return this.#shards.named(id).members;
  }

  #finish(slots: readonly number[]): void {
    for (const slot of slots) this.#done.add(slot);
    this.#tell();
  }

  #tell(): void {
    this.#moving.onProgress(this.#progress());
  }

  #progress(): Progress {
    const longestMs = Math.max(this.#heldMs, ...[...this.#paces.values()].map((pace) => pace.longestMs));
    return { slots: this.#done.size, of: this.#total, keys: this.#keys, longestMs };
  }

  #moved(): Moved {
    return { ...this.#progress(), changed: this.#changed, retries: this.#retries };
  }

  #ended(error: unknown): unknown {
    return stuck(error, this.#moves[0]?.from ?? "", this.#done.size, this.#total);
  }
}

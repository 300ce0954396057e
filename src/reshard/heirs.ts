import { sleep } from "../core/abort.ts";
import { messageOf } from "../core/errors.ts";
import { beforeWrites, lift } from "./bar.ts";
import { type NodeView, primaryOf, type Reach, readViews } from "./cluster-view.ts";
import { HeirGuard } from "./heir-guard.ts";
import { lostMarks, markAgain, takenAlready } from "./lost-marks.ts";
import { belongs } from "./members.ts";
import type { Move } from "./plan-moves.ts";
import type { Change, Shard, Shards } from "./shards.ts";
import type { SideBySide } from "./side-by-side.ts";
import { slotsIn } from "./slot-list.ts";
import { doubled, sourceChanged, stillBarred } from "./trouble.ts";

/** Between two looks at who follows whom: a primary is held for dead after longer than that. */
const MEMBERS_MS = 1_000;

/** What is asked and told about who takes over. */
interface Watching extends Reach {
  readonly instances: readonly string[];
  readonly shards: Shards;
  /** Of all movers of the run, those of this one among them. */
  readonly allMoves: readonly Move[];
  readonly sideBySide: SideBySide;
  onTrouble(message: string): void;
}

/** Who takes over a shard while slots are on their way from it: they are watched for, and told of the marks of these. */
export class Heirs {
  readonly #moves: readonly Move[];
  readonly #watching: Watching;
  /** By the shard that gives slots. */
  readonly #guards = new Map<Shard, HeirGuard>();
  /** What goes from a shard of either end, and what would come back: that may be half gone, too. */
  readonly #ways: ReadonlyMap<Shard, readonly Move[]>;
  /** Shards whose replicas are barred. */
  readonly #barred = new Set<Shard>();
  readonly #over = new AbortController();
  readonly #watchingMembers: Promise<void>;

  /** Begins to watch. */
  constructor(moves: readonly Move[], watching: Watching) {
    this.#moves = moves;
    this.#watching = watching;
    const { shards, allMoves } = watching;
    const ends = new Set(moves.flatMap(({ from, to }) => [shards.named(from), shards.named(to)]));
    const both = allMoves.flatMap((move) => [move, { ...move, from: move.to, to: move.from }]);
    this.#ways = Map.groupBy(
      both.filter(({ from }) => ends.has(shards.named(from))),
      ({ from }) => shards.named(from),
    );
    for (const { from } of moves) this.#guardOf(shards.named(from));
    this.#watchingMembers = this.#watchMembers();
  }

  /** From here on a replica of a source that is gone holds writes back, until it has been told what is on its way. */
  alarm(): void {
    for (const guard of this.#guards.values()) guard.start();
  }

  /** Has the replicas of the shard of a source refuse writes should they take over; to be awaited before a slot of it is opened. */
  async bar(source: string): Promise<void> {
    const { shards, sideBySide } = this.#watching;
    const shard = shards.of(source) ?? shards.named(source);
    this.#barred.add(shard);
    for (const member of shard.members) sideBySide.needBarred(member, this);
    await this.#guardOf(shard).bar();
  }

  /**
   * Ends the watch; writes go on everywhere. Where slots are still open the replicas stay barred, until somebody goes on with that:
   * nobody would tell who takes over of the marks. `done`: all have moved, so that one who takes over later need not be told.
   */
  async release(done: boolean): Promise<void> {
    this.#over.abort();
    await this.#watchingMembers;
    await Promise.all([...this.#guards.values()].map((guard) => guard.release()));
    if (!this.#watching.signal.aborted) await this.#liftWhereClosed(done);
  }

  /**
   * Looks at all nodes, and marks slots again at sources that took over without their marks. Gives what the nodes say behind that,
   * and how often a source had been told of its marks by then.
   */
  look(): Promise<{ views: NodeView[]; times: number }> {
    const { turns } = this.#watching.sideBySide;
    return turns.alone(async () => {
      const seen = await this.#views();
      const views = (await this.#mark(seen)) ? await this.#views() : seen;
      return { views, times: turns.times };
    });
  }

  /**
   * Lets slots change hands, or be closed. Fails where a source has been told of its marks since it had been so often: what the one
   * before gave is looked at anew.
   */
  turn(times: number, work: () => Promise<void>): Promise<void> {
    const { turns } = this.#watching.sideBySide;
    return turns.together(times, work, () => sourceChanged(this.#moves[0]?.from ?? ""));
  }

  /** What is still under way learns of it by the errors of the old source, and looks anew; the heir cannot wait for that. */
  async #tookOver(): Promise<void> {
    await this.look();
  }

  /** What the members of the cluster say that answer; who has come to a shard by that is of it from then on. */
  async #views(): Promise<NodeView[]> {
    const { instances, shards } = this.#watching;
    const views = (await readViews(instances, this.#watching)).filter(belongs);
    for (const change of shards.learn(views)) await this.#follow(change);
    return views;
  }

  /**
   * Who comes to a shard whose replicas are barred is barred, too. Who leaves a shard is freed, also of a bar that a process has laid
   * which is no more.
   */
  async #follow({ instance, from, to }: Change): Promise<void> {
    const { sideBySide } = this.#watching;
    const isBarred = to !== undefined && this.#barred.has(to);
    if (isBarred) sideBySide.needBarred(instance, this);
    const before = from && this.#guards.get(from);
    await before?.leave(instance);
    if (from && !isBarred && sideBySide.mayLift(instance, this)) await this.#free(instance, before);
    if (to) await this.#guards.get(to)?.watch(instance);
  }

  /** A replica that comes to a source in mid-move may be the next to take over. */
  async #watchMembers(): Promise<void> {
    const until = AbortSignal.any([this.#over.signal, this.#watching.signal]);
    while (!until.aborted) {
      await sleep(MEMBERS_MS, until).catch(() => undefined);
      if (!until.aborted && this.#barred.size > 0) await this.#views().catch(() => undefined);
    }
  }

  async #mark(views: readonly NodeView[]): Promise<boolean> {
    let marked = false;
    const primaries = views.filter(({ primaryId }) => primaryId === null).map(({ instance }) => instance);
    for (const [shard, moves] of this.#ways) {
      const source = primaryOf(shard.members, views);
      const ways = moves.map(({ to, slots }) => ({
        target: primaryOf(this.#watching.shards.named(to).members, views),
        slots: slotsIn(slots),
      }));
      const known = ways.flatMap(({ target, slots }) => (target ? [{ target, slots }] : []));
      // It is told of all that is on its way before it takes writes.
      if (!source || known.length < ways.length) continue;
      marked = (await this.#markAt(source, known, this.#guards.get(shard))) || marked;
      await this.#liftAt(source.instance);
      await this.#guards.get(shard)?.rest(primaries);
    }
    return marked;
  }

  async #markAt(
    source: NodeView,
    ways: readonly { target: NodeView; slots: number[] }[],
    guard: HeirGuard | undefined,
  ): Promise<boolean> {
    const { connect, signal, sideBySide, onTrouble } = this.#watching;
    const lost = ways
      .map(({ target, slots }) => ({
        target,
        slots: lostMarks(slots, source, target),
        taken: takenAlready(slots, source, target),
      }))
      .filter(({ slots, taken }) => slots.length + taken.length > 0);
    if (lost.length === 0) return false;
    sideBySide.turns.told();
    const ofSource = await connect(source.instance);
    const before = await beforeWrites(ofSource, guard?.holds(source.instance) ?? false, signal);
    const takeover = { source, ofSource, beforeWrites: before, cutOff: sideBySide.cutOff, signal };
    const each = await Promise.all(lost.map(async (way) => ({ ...way, ofTarget: await connect(way.target.instance) })));
    const unsure = await markAgain(each, takeover);
    for (const [at, keys] of unsure.entries())
      if (keys > 0) onTrouble(doubled(keys, source.instance, each[at]?.target.instance ?? ""));
    return true;
  }

  async #liftAt(instance: string): Promise<void> {
    const { connect, signal } = this.#watching;
    await lift(await connect(instance), signal);
  }

  /** Has it take writes; says so where it may refuse them still. */
  async #free(instance: string, guard: HeirGuard | undefined): Promise<void> {
    await this.#liftAt(instance).catch((error: unknown) => {
      if (guard?.hasBarred(instance)) this.#watching.onTrouble(stillBarred(instance, messageOf(error)));
    });
  }

  /** Of both sides: a move that goes back finds the replicas barred of who gets its slots again. */
  async #liftWhereClosed(done: boolean): Promise<void> {
    const { allMoves, shards, sideBySide } = this.#watching;
    const views = await this.#views();
    const ends = new Set(this.#moves.flatMap(({ from, to }) => [shards.named(from), shards.named(to)]));
    for (const shard of ends) {
      const { members } = shard;
      const guard = this.#guards.get(shard);
      // Behind its last slot one may be gone whose replica has not taken over yet, and has nothing to be told.
      const over = done && primaryOf(members, views) === undefined && guard !== undefined;
      if (!over && isOpen(this.#moves, members, views)) continue;
      const free = members.filter((member) => sideBySide.mayLift(member, this));
      // Who goes on with these lifts it.
      if (!over && isOpen(allMoves, members, views)) continue;
      await Promise.all(free.map((instance) => this.#free(instance, guard)));
    }
  }

  #guardOf(shard: Shard): HeirGuard {
    const known = this.#guards.get(shard);
    if (known) return known;
    const { connect, signal, onTrouble } = this.#watching;
    const guard = new HeirGuard(shard.members, {
      ...{ connect, signal },
      onTakeover: () => this.#tookOver(),
      onTrouble: (message) => onTrouble(message),
    });
    this.#guards.set(shard, guard);
    return guard;
  }
}

/** Whether slots of moves are still open at the primary of a shard, or may be. */
function isOpen(moves: readonly Move[], members: readonly string[], views: readonly NodeView[]): boolean {
  const primary = primaryOf(members, views);
  if (primary) return moves.some(({ slots }) => slotsIn(slots).some((slot) => primary.migrating.has(slot)));
  // Before 7.0 one that has given its last slot away follows who got it, and its replicas do.
  const others = views.filter(({ instance, primaryId }) => primaryId === null && !members.includes(instance));
  const led = views.filter(({ instance }) => members.includes(instance));
  return led.length === 0 || !led.every(({ primaryId }) => others.some(({ nodeId }) => nodeId === primaryId));
}

import { messageOf } from "../core/errors.ts";
import { lift } from "./bar.ts";
import { type NodeView, primaryOf, type Reach, readViews } from "./cluster-view.ts";
import type { CutOff } from "./cut-off.ts";
import { HeirGuard } from "./heir-guard.ts";
import { lostMarks, markAgain } from "./lost-marks.ts";
import { belongs } from "./members.ts";
import type { Move } from "./plan-moves.ts";
import { slotsIn } from "./slot-list.ts";
import { doubled, stillBarred } from "./trouble.ts";

/** What is asked and told about who takes over. */
interface Watching extends Reach {
  readonly instances: readonly string[];
  /** Instances that stand for each other. */
  readonly shards: readonly (readonly string[])[];
  onTrouble(message: string): void;
}

/** The members of the shard of an instance, itself among them. */
export function shardOf(id: string, shards: readonly (readonly string[])[]): readonly string[] {
  return shards.find((members) => members.includes(id)) ?? [id];
}

/** Who takes over a shard while slots are on their way from it: they are watched for, and told of the marks of these. */
export class Heirs {
  readonly #moves: readonly Move[];
  readonly #watching: Watching;
  readonly #cutOff: CutOff;
  /** By the members of the shard. */
  readonly #guards: ReadonlyMap<string, HeirGuard>;
  #marking: Promise<unknown> = Promise.resolve();

  /** Begins to watch. */
  constructor(moves: readonly Move[], watching: Watching, cutOff: CutOff) {
    this.#moves = moves;
    this.#watching = watching;
    this.#cutOff = cutOff;
    const sources = new Map(moves.map(({ from }) => [this.#keyOf(from), this.#shardOf(from)]));
    this.#guards = new Map(
      [...sources].map(([key, members]) => [key, new HeirGuard(members, watching, () => this.#tookOver())]),
    );
  }

  /** From here on a replica of a source that is gone holds writes back, until it has been told what is on its way. */
  alarm(): void {
    for (const guard of this.#guards.values()) guard.start();
  }

  /** Has the replicas of the shard of a source refuse writes should they take over; to be awaited before a slot of it is opened. */
  async bar(source: string): Promise<void> {
    await this.#guards.get(this.#keyOf(source))?.bar();
  }

  /**
   * Ends the watch; writes go on everywhere. Where slots are still open the replicas stay barred, until somebody goes on with that:
   * nobody would tell who takes over of the marks.
   */
  async release(): Promise<void> {
    await Promise.all([...this.#guards.values()].map((guard) => guard.release()));
    if (!this.#watching.signal.aborted) await this.#liftWhereClosed();
  }

  /** Marks slots again at sources that took over without their marks. False where there was nothing to do. */
  mark(views: readonly NodeView[]): Promise<boolean> {
    const marked = this.#marking.then(() => this.#mark(views));
    this.#marking = marked.catch(() => undefined);
    return marked;
  }

  /** What is still under way learns of it by the errors of the old source, and looks anew; the heir cannot wait for that. */
  async #tookOver(): Promise<void> {
    await this.mark((await readViews(this.#watching.instances, this.#watching)).filter(belongs));
  }

  async #mark(views: readonly NodeView[]): Promise<boolean> {
    let marked = false;
    const primaries = views.filter(({ primaryId }) => primaryId === null).map(({ instance }) => instance);
    for (const [shard, moves] of Map.groupBy(this.#moves, ({ from }) => this.#keyOf(from))) {
      const source = primaryOf(shard.split(" "), views);
      const ways = moves.map(({ to, slots }) => ({
        target: primaryOf(this.#shardOf(to), views),
        slots: slotsIn(slots),
      }));
      const known = ways.flatMap(({ target, slots }) => (target ? [{ target, slots }] : []));
      // It is told of all that is on its way before it takes writes.
      if (!source || known.length < ways.length) continue;
      marked = (await this.#markAt(source, known)) || marked;
      for (const { target } of known) await this.#liftAt(target.instance);
      await this.#guards.get(shard)?.rest(primaries);
    }
    return marked;
  }

  async #markAt(source: NodeView, ways: readonly { target: NodeView; slots: number[] }[]): Promise<boolean> {
    const { connect, signal, onTrouble } = this.#watching;
    const lost = ways
      .map(({ target, slots }) => ({ target, slots: lostMarks(slots, source, target) }))
      .filter(({ slots }) => slots.length > 0);
    if (lost.length === 0) return false;
    const beforeWrites = await this.#guards.get(this.#keyOf(source.instance))?.beforeWrites(source.instance);
    const takeover = { source, ofSource: await connect(source.instance), beforeWrites, cutOff: this.#cutOff, signal };
    const each = await Promise.all(lost.map(async (way) => ({ ...way, ofTarget: await connect(way.target.instance) })));
    const unsure = await markAgain(each, takeover);
    for (const [at, keys] of unsure.entries())
      if (keys > 0) onTrouble(doubled(keys, source.instance, each[at]?.target.instance ?? ""));
    return true;
  }

  /** One that gets slots back may have been barred when it gave them, and have taken over since. */
  async #liftAt(instance: string): Promise<void> {
    const { connect, signal } = this.#watching;
    await lift(await connect(instance), signal);
  }

  /** Of both sides: a move that goes back finds the replicas barred of who gets its slots again. */
  async #liftWhereClosed(): Promise<void> {
    const { instances, onTrouble } = this.#watching;
    const views = (await readViews(instances, this.#watching)).filter(belongs);
    const shards = new Map(
      this.#moves.flatMap(({ from, to }) => [from, to]).map((id) => [this.#keyOf(id), this.#shardOf(id)]),
    );
    for (const members of shards.values()) {
      const primary = primaryOf(members, views);
      if (!primary || primary.migrating.size > 0) continue;
      for (const { instance } of views.filter((view) => members.includes(view.instance))) {
        await this.#liftAt(instance).catch((error: unknown) => onTrouble(stillBarred(instance, messageOf(error))));
      }
    }
  }

  #shardOf(id: string): readonly string[] {
    return shardOf(id, this.#watching.shards);
  }

  #keyOf(id: string): string {
    return this.#shardOf(id).join(" ");
  }
}

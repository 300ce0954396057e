import { type NodeView, primaryOf, type Reach, readViews } from "./cluster-view.ts";
import type { CutOff } from "./cut-off.ts";
import { HeirGuard } from "./heir-guard.ts";
import { lostMarks, markAgain } from "./lost-marks.ts";
import { belongs } from "./members.ts";
import type { Move } from "./plan-moves.ts";
import { slotsIn } from "./slot-list.ts";
import { doubled } from "./trouble.ts";

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

  /** Ends the watch; writes go on everywhere. */
  async release(): Promise<void> {
    await Promise.all([...this.#guards.values()].map((guard) => guard.release()));
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
    const { connect, signal, onTrouble } = this.#watching;
    let marked = false;
    const waiting = new Set<string>();
    for (const { from, to, slots } of this.#moves) {
      const source = primaryOf(this.#shardOf(from), views);
      const target = primaryOf(this.#shardOf(to), views);
      if (!source || !target) {
        waiting.add(this.#keyOf(from));
        continue;
      }
      const lost = lostMarks(slotsIn(slots), source, target);
      if (lost.length === 0) continue;
      const held = this.#guards.get(this.#keyOf(from))?.holds(source.instance) ?? false;
      const ends = { ofSource: await connect(source.instance), ofTarget: await connect(target.instance) };
      const unsure = await markAgain(lost, { source, target, ...ends, held, cutOff: this.#cutOff, signal });
      if (unsure > 0) onTrouble(doubled(unsure, source.instance, target.instance));
      marked = true;
    }
    const primaries = views.filter(({ primaryId }) => primaryId === null).map(({ instance }) => instance);
    for (const [shard, guard] of this.#guards) if (!waiting.has(shard)) await guard.rest(primaries);
    return marked;
  }

  #shardOf(id: string): readonly string[] {
    return shardOf(id, this.#watching.shards);
  }

  #keyOf(id: string): string {
    return this.#shardOf(id).join(" ");
  }
}

import type { NodeView, Reach } from "./cluster-view.ts";
import { outrank } from "./outrank.ts";

/** Sees to it that who takes slots has a higher epoch than who gives them: all of one mover, whose sources go side by side. */
export class Outranking {
  readonly #reach: Reach;
  /** By node id of who outranks. */
  readonly #outranked = new Map<string, Promise<void>>();

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  /** Once for each that took over, however many sources give to it; again where a server did not answer. */
  async once({ instance, nodeId }: NodeView, source: NodeView): Promise<void> {
    const { connect, signal } = this.#reach;
    const work =
      this.#outranked.get(nodeId) ??
      Promise.all([connect(instance), connect(source.instance)]).then(([heir, other]) => outrank(heir, other, signal));
    this.#outranked.set(nodeId, work);
    try {
      await work;
    } catch (error) {
      this.#outranked.delete(nodeId);
      throw error;
    }
  }

  /** Also where that has been done: the other has an epoch that is newer still, or may have. */
  async anew(target: NodeView, source: NodeView): Promise<void> {
    this.#outranked.delete(target.nodeId);
    await this.once(target, source);
  }

  /** Where the target has not heard of the epoch of the source, or has the same one. Servers that move slots by themselves see to that, too. */
  async unheard(target: NodeView, source: NodeView): Promise<void> {
    const heard = target.lines.find(({ id }) => id === source.nodeId)?.epoch ?? 0;
    if (heard < source.epoch || target.epoch === source.epoch) await this.anew(target, source);
  }
}

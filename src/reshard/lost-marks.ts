import type { RedisConnection } from "../connect/types.ts";
import type { NodeView } from "./cluster-view.ts";
import type { CutOff } from "./cut-off.ts";
import { all, setSlots } from "./orders.ts";

/** Keys of a slot that are read to be held against those of the other side. */
const MOST_KEYS = 1_000_000;

/** A source that took over in mid-move, and the target that knows the one before. */
export interface Takeover {
  readonly source: NodeView;
  readonly target: NodeView;
  readonly ofSource: RedisConnection;
  readonly ofTarget: RedisConnection;
  /** The source has held writes back since before it took over: what it has of a moved key is older than the target's. */
  readonly held: boolean;
  /** Keys of which a MIGRATE was cut off, that the source before went on to serve. */
  readonly cutOff: CutOff;
  readonly signal: AbortSignal;
}

/** Slots of these that the target imports from one that is the source no more. */
export function lostMarks(slots: readonly number[], source: NodeView, target: NodeView): number[] {
  return slots.filter((slot) => {
    const from = target.importing.get(slot);
    return from !== undefined && from !== source.nodeId && source.owners[slot] === source.nodeId;
  });
}

/**
 * Tells a source that took over in mid-move of the slots that are on their way, so that it sends those who ask for a key that
 * has moved to the target. A key that both hold came back with the takeover, since the news that it had moved had not come to
 * the replica: clients wrote on at the target, and the copy of the source goes. Where clients may have written to the source
 * meanwhile nobody can tell: its copy, which they see, stays. Gives back how many of these there are.
 */
export async function markAgain(slots: readonly number[], takeover: Takeover): Promise<number> {
  const { source, target, ofSource, ofTarget, held, cutOff, signal } = takeover;
  await all(ofSource, setSlots(slots, "MIGRATING", target.nodeId), signal);
  const both: string[] = [];
  for (const slot of slots) {
    const ask = ["CLUSTER", "GETKEYSINSLOT", String(slot), String(MOST_KEYS)];
    const [moved, left] = await Promise.all(
      [ofTarget, ofSource].map(async (node) => keysOf(await node.command(ask, { signal, bytes: true }))),
    );
    const there = new Set(moved);
    both.push(...(left ?? []).filter((key) => there.has(key) && !cutOff.has(key)));
  }
  if (held) {
    // In one go: nobody's write comes between the two.
    const drop = both.map((key) => ["UNLINK", key]);
    await all(ofSource, [["CLIENT", "UNPAUSE"], ...drop], signal);
  }
  await all(
    ofTarget,
    [...setSlots(slots, "NODE", source.nodeId), ...setSlots(slots, "IMPORTING", source.nodeId)],
    signal,
  );
  return held ? 0 : both.length;
}

function keysOf(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

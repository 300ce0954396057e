import type { RedisConnection } from "../connect/types.ts";
import type { NodeView } from "./cluster-view.ts";
import type { CutOff } from "./cut-off.ts";
import { all, setSlots } from "./orders.ts";

/** Keys of a slot that are read to be held against those of the other side. */
const MOST_KEYS = 1_000_000;

/** A source that took over in mid-move. */
export interface Takeover {
  readonly source: NodeView;
  readonly ofSource: RedisConnection;
  /**
   * The source has taken no write since it took over: what it has of a moved key is older than the target's. Has it do something
   * before it takes any.
   */
  readonly beforeWrites: ((work: readonly (readonly string[])[]) => readonly (readonly string[])[]) | undefined;
  /** Keys of which a MIGRATE was cut off, that the source before went on to serve. */
  readonly cutOff: CutOff;
  readonly signal: AbortSignal;
}

/** A target that knows the source of before. */
export interface Lost {
  /** That it imports from that. */
  readonly slots: readonly number[];
  /** That it has taken already, of which the source has not heard and holds itself for the owner. */
  readonly taken: readonly number[];
  readonly target: NodeView;
  readonly ofTarget: RedisConnection;
}

/** Slots of these that the target imports from one that is the source no more. */
export function lostMarks(slots: readonly number[], source: NodeView, target: NodeView): number[] {
  return slots.filter((slot) => {
    const from = target.importing.get(slot);
    return from !== undefined && from !== source.nodeId && source.owners[slot] === source.nodeId;
  });
}

/** Slots of these that both hold to be their own, and the target is not giving away itself. */
export function takenAlready(slots: readonly number[], source: NodeView, target: NodeView): number[] {
  const claims = ({ owners, nodeId }: NodeView, slot: number) => owners[slot] === nodeId;
  return slots.filter((slot) => claims(source, slot) && claims(target, slot) && !target.migrating.has(slot));
}

/**
 * Tells a source that took over in mid-move of all slots that are on their way from it, so that it sends those who ask for a key that
 * has moved to its target. A key that both hold came back with the takeover, since the news that it had moved had not come to
 * the replica: clients wrote on at the target, and the copy of the source goes. Where clients may have written to the source
 * meanwhile nobody can tell: its copy, which they see, stays. Gives back how many of these there are, with each target.
 *
 * A slot that a target has taken already it gives up before anybody writes there, unless it holds a key of it that the target has not.
 */
export async function markAgain(lost: readonly Lost[], takeover: Takeover): Promise<number[]> {
  const { source, ofSource, beforeWrites, signal } = takeover;
  for (const { slots, target } of lost) await all(ofSource, setSlots(slots, "MIGRATING", target.nodeId), signal);
  const both = await Promise.all(lost.map((each) => keysOfBoth(each, takeover)));
  // In one go: nobody's write comes between that and what lets writes go on.
  if (beforeWrites) {
    const drop = both.flat().map((key) => ["UNLINK", key]);
    const give = await Promise.all(lost.map((each) => givingUp(each, takeover)));
    await all(ofSource, beforeWrites([...drop, ...give.flat()]), signal);
  }
  for (const { slots, ofTarget } of lost) {
    const orders = [...setSlots(slots, "NODE", source.nodeId), ...setSlots(slots, "IMPORTING", source.nodeId)];
    await all(ofTarget, orders, signal);
  }
  return both.map((keys) => (beforeWrites ? 0 : keys.length));
}

/** The orders to the source by which it gives up what the target has taken already, with all that it holds of it. */
async function givingUp({ taken, target, ofTarget }: Lost, { ofSource, signal }: Takeover): Promise<string[][]> {
  const orders: string[][] = [];
  for (const slot of taken) {
    const [there = [], own = []] = await Promise.all([ofTarget, ofSource].map((node) => keysAt(slot, node, signal)));
    const held = new Set(there);
    if (!own.every((key) => held.has(key))) continue;
    orders.push(...own.map((key) => ["UNLINK", key]), ...setSlots([slot], "NODE", target.nodeId));
  }
  return orders;
}

async function keysOfBoth({ slots, ofTarget }: Lost, { ofSource, cutOff, signal }: Takeover): Promise<string[]> {
  const both: string[] = [];
  for (const slot of slots) {
    const [moved, left] = await Promise.all([ofTarget, ofSource].map((node) => keysAt(slot, node, signal)));
    const there = new Set(moved);
    both.push(...(left ?? []).filter((key) => there.has(key) && !cutOff.has(key)));
  }
  return both;
}

async function keysAt(slot: number, node: RedisConnection, signal: AbortSignal): Promise<string[]> {
  const ask = ["CLUSTER", "GETKEYSINSLOT", String(slot), String(MOST_KEYS)];
  const reply = await node.command(ask, { signal, bytes: true });
  return Array.isArray(reply) ? reply.map(String) : [];
}

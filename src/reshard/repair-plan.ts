import { printRanges, type SlotRange } from "../topology/parse/slots.ts";
import { list } from "../topology/words.ts";
import type { Move } from "./plan-moves.ts";
import type { SlotFault } from "./slot-fault.ts";
import { rangesOf } from "./slot-list.ts";

/** Slots at one node. */
interface At {
  readonly instance: string;
  readonly slots: SlotRange[];
}

/** What mends the slots of a cluster, in this order. */
export interface Repair {
  /** Slots that belong to nobody, and who is to have them. */
  readonly take: At[];
  /** Moves to be brought to their end. */
  readonly finish: Move[];
  /** Marks of owners that come off. */
  readonly close: At[];
  /** Keys that go to the owner, from who was to give or get the slot. */
  readonly gather: Move[];
  /** What nothing can be done about as things are, in words. */
  readonly stuck: string[];
  /** A line for each kind of fault between the same nodes. */
  readonly story: string[];
}

/** Puts together what mends these faults. Pure. */
export function repairOf(faults: readonly SlotFault[]): Repair {
  const take = new Gathered();
  const finish = new Gathered();
  const close = new Gathered();
  const gather = new Gathered();
  for (const fault of faults) {
    const { slot } = fault;
    if (fault.take !== null) take.add([fault.take], slot);
    if (fault.finish) finish.add([fault.finish.from, fault.finish.to], slot);
    for (const instance of fault.close) close.add([instance], slot);
    for (const from of fault.gather?.from ?? []) gather.add([from, fault.gather?.to ?? ""], slot);
  }
  return {
    take: take.all(([instance = ""], slots) => ({ instance, slots })),
    finish: finish.all(([from = "", to = ""], slots) => ({ from, to, slots })),
    close: close.all(([instance = ""], slots) => ({ instance, slots })),
    gather: gather.all(([from = "", to = ""], slots) => ({ from, to, slots })),
    stuck: told(
      faults.filter(({ fault }) => STUCK.has(fault)),
      (fault) => STUCK.get(fault.fault) ?? "",
    ),
    story: told(
      faults.filter(({ fault }) => fault !== "news" && !STUCK.has(fault)),
      (fault) => `${fault.fault.replaceAll("_", " ")}: ${mendingOf(fault)}`,
    ),
  };
}

const STUCK: ReadonlyMap<string, string> = new Map([
  [
    "two_owners",
    "several primaries hold themselves to be the owner; they settle it by themselves where they hear each other",
  ],
  ["owner_down", "the owner does not answer: bring it or a replica of it back first"],
]);

function mendingOf({ owner, finish, take, close, gather }: SlotFault): string {
  const words = [
    ...(take === null ? [] : [`${take} takes it`]),
    ...(finish ? [`move the rest from ${finish.from} to ${finish.to}`] : []),
    ...(close.length > 0 ? [`take the mark off at ${list(close)}`] : []),
    ...(gather
      ? [`bring what ${list(gather.from)} ${gather.from.length === 1 ? "holds" : "hold"} to ${gather.to}`]
      : []),
  ];
  return words.length > 0 ? words.join(", ") : `nothing to do, ${owner ?? "nobody"} owns it`;
}

function told(faults: readonly SlotFault[], words: (fault: SlotFault) => string): string[] {
  return [...Map.groupBy(faults, words)].map(
    ([text, group]) =>
      `${group.length === 1 ? "slot" : "slots"} ${printRanges(rangesOf(group.map(({ slot }) => slot)))}: ${text}`,
  );
}

/** Slots by who they are between. */
class Gathered {
  readonly #slots = new Map<string, { readonly nodes: readonly string[]; readonly slots: number[] }>();

  add(nodes: readonly string[], slot: number): void {
    const key = nodes.join(" ");
    const group = this.#slots.get(key) ?? { nodes, slots: [] };
    this.#slots.set(key, group);
    group.slots.push(slot);
  }

  all<T>(make: (nodes: readonly string[], slots: SlotRange[]) => T): T[] {
    return [...this.#slots.values()].map(({ nodes, slots }) => make(nodes, rangesOf(slots)));
  }
}

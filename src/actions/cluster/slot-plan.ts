import { afterMoves, countOf, type Move } from "../../reshard/plan-moves.ts";
import { membersOf, ownersOf } from "../../reshard/stands-for.ts";
import { countSlots } from "../../topology/parse/slots.ts";
import type { Topology } from "../../topology/schema.ts";
import type { SlotPlan } from "./moves-schema.ts";

/** Moves with all that the steps behind the planning need to know of them. */
export function slotPlanOf(moves: readonly Move[], topology: Topology): SlotPlan {
  const owners = ownersOf(topology);
  const sources = [...new Set(moves.map(({ from }) => from))];
  const targets = [...new Set(moves.map(({ to }) => to))];
  const later = afterMoves(owners, moves);
  const emptied = sources.filter((id) => later.some((owner) => owner.id === id && countSlots(owner.slots) === 0));
  const filled = targets.filter((id) => owners.some((owner) => owner.id === id && countSlots(owner.slots) === 0));
  return {
    moves: moves.map(({ from, to, slots }) => ({
      from,
      to,
      slots: slots.map(([first, last]) => [first, last]),
      count: countSlots(slots),
    })),
    slots: countOf(moves),
    sources,
    targets,
    shards: membersOf([...new Set([...sources, ...targets])], topology),
    emptied: membersOf(emptied, topology).flat(),
    filled: membersOf(filled, topology).flat(),
  };
}

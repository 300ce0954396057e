import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type Move, type Owner, planByCount, planByList } from "../../reshard/plan-moves.ts";
import { parseSlotList, slotsIn } from "../../reshard/slot-list.ts";
import { ownersOf, primariesNamed } from "../../reshard/stands-for.ts";
import { countSlots, printRanges } from "../../topology/parse/slots.ts";
import { defineAction } from "../define.ts";
import { slotPlanSchema } from "./moves-schema.ts";
import { slotPlanOf } from "./slot-plan.ts";

/** Chooses the slots that go from some primaries to others. Nothing is touched. */
export const clusterPlanSlots = defineAction({
  name: "cluster.plan_slots",
  summary: "Chooses which slots go from which primary to which: so many, or these very ones",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    from: z.string().describe("Instances or hosts, separated by commas; all for every primary that owns slots"),
    to: z.string().describe("Instances or hosts, separated by commas; a list of slots goes to one"),
    slots: z.string().describe("How many, e.g. 4096; or which, e.g. 0-100,200 or 7-7 for one"),
  }),
  output: slotPlanSchema,
  example: `- id: plan
  action: cluster.plan_slots
  with: { from: all, to: "r3:7000", slots: "4096" }`,
  commands: ({ from, to, slots }) => [
    { transport: "controller", text: `choose slots ${slots} to go from ${from} to ${to}` },
  ],
  async run({ from, to, slots }, context) {
    const topology = await context.topology();
    const owners = ownersOf(topology);
    const sources = primariesNamed(from, topology);
    const targets = primariesNamed(to, topology);
    const moves = /^\s*\d+\s*$/.test(slots)
      ? byCount(owners, sources, targets, Number(slots))
      : byList(owners, sources, targets, slots);
    return { outputs: slotPlanOf(moves, topology), changed: false };
  },
});

function byCount(owners: readonly Owner[], from: readonly string[], to: readonly string[], count: number): Move[] {
  const givers = owners.filter(({ id }) => from.includes(id) && !to.includes(id));
  const owned = givers.reduce((sum, { slots }) => sum + countSlots(slots), 0);
  if (count > owned) throw refused(`${count} slots cannot be taken where there are only ${owned}.`);
  return planByCount(owners, from, to, count);
}

function byList(owners: readonly Owner[], from: readonly string[], to: readonly string[], text: string): Move[] {
  const slots = parseSlotList(text);
  const [target, ...more] = to;
  if (!slots) throw refused(`${text} is neither a count nor a list of slots such as 0-100,200.`);
  if (target === undefined || more.length > 0) throw refused("Slots that are named go to one primary, not to several.");
  const wanted = new Set(slotsIn(slots));
  const owned = new Set(owners.flatMap((owner) => slotsIn(owner.slots)));
  const elsewhere = owners
    .filter(({ id }) => id !== target && !from.includes(id))
    .filter((owner) => slotsIn(owner.slots).some((slot) => wanted.has(slot)));
  if (elsewhere.length > 0) {
    throw refused(
      `Some of slots ${printRanges(slots)} belong to ${elsewhere.map(({ id }) => id).join(", ")}, not to ${from.join(", ")}.`,
    );
  }
  if (slotsIn(slots).some((slot) => !owned.has(slot))) throw refused("Some of these slots belong to nobody.");
  return planByList(owners, slots, target);
}

function refused(message: string): RedishaError {
  const next = ["redisha status shows who owns which slots"];
  return new RedishaError({
    code: "RESHARD_IMPOSSIBLE",
    message,
    exit: EXIT.usage,
    state: "nothing was touched",
    next,
  });
}

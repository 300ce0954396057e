import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { planByWeight } from "../../reshard/plan-moves.ts";
import { ownersOf, primariesNamed } from "../../reshard/stands-for.ts";
import { countSlots } from "../../topology/parse/slots.ts";
import type { Topology } from "../../topology/schema.ts";
import { defineAction } from "../define.ts";
import { slotPlanSchema } from "./moves-schema.ts";
import { slotPlanOf } from "./slot-plan.ts";

/** Chooses the fewest slots whose move gives every primary its share. Nothing is touched. */
export const clusterPlanBalance = defineAction({
  name: "cluster.plan_balance",
  summary: "Chooses the fewest slots whose move gives every primary its share, by weight",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    weights: z.string().default("").describe("r1:7000=2,r2:7000=0.5; who is not named counts as 1, 0 empties it"),
    use_empty: z.boolean().default(false).describe("Primaries that own nothing get their share, too"),
    threshold: z.number().min(0).max(100).default(2).describe("Percent off its share that is no reason to move slots"),
  }),
  output: slotPlanSchema,
  example: `- id: plan
  action: cluster.plan_balance
  with: { use_empty: true }`,
  commands: () => [{ transport: "controller", text: "choose the fewest slots that even the primaries out" }],
  async run({ weights, use_empty, threshold }, context) {
    const topology = await context.topology();
    const given = weightsOf(weights, topology);
    const owners = ownersOf(topology).filter(({ id, slots }) => use_empty || given.has(id) || countSlots(slots) > 0);
    if (owners.every(({ id }) => given.get(id) === 0)) throw badWeight(weights, "somebody must own the slots");
    return { outputs: slotPlanOf(planByWeight(owners, given, threshold), topology), changed: false };
  },
});

function weightsOf(text: string, topology: Topology): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of text.split(",").filter((each) => each.trim() !== "")) {
    const [, name, weight] = /^\s*(.+?)\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(part) ?? [];
    if (name === undefined) throw badWeight(part, "write it as r1:7000=2");
    for (const id of primariesNamed(name, topology)) weights.set(id, Number(weight));
  }
  return weights;
}

function badWeight(text: string, why: string): RedishaError {
  return new RedishaError({
    code: "RESHARD_BAD_WEIGHT",
    message: `${text} is no way to share slots out: ${why}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
  });
}

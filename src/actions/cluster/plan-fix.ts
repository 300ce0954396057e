import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Move } from "../../reshard/plan-moves.ts";
import { repairOf } from "../../reshard/repair-plan.ts";
import { slotFaults } from "../../reshard/slot-fault.ts";
import { membersOf } from "../../reshard/stands-for.ts";
import { countSlots } from "../../topology/parse/slots.ts";
import { defineAction } from "../define.ts";
import { holdingsOf } from "./inspection.ts";
import { repairSchema } from "./repair-schema.ts";

/** Says of every slot with something wrong what it is halfway to, and what brings it there. Nothing is touched. */
export const clusterPlanFix = defineAction({
  name: "cluster.plan_fix",
  summary: "Names what is wrong with slots, and what mends it without an owner being changed over keys",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    inspected: z.record(z.string(), z.unknown()).describe("hosts of a step cluster.inspect"),
    take: z
      .boolean()
      .default(false)
      .describe("Give slots that belong to nobody to whoever holds their keys, else to who has least"),
  }),
  output: repairSchema,
  example: `- id: plan
  action: cluster.plan_fix
  with: { inspected: "\${{ steps.inspect.hosts }}" }`,
  commands: () => [{ transport: "controller", text: "name what every half-moved slot is halfway to" }],
  tell: ({ story }) => (story.length === 0 ? "nothing is wrong with any slot" : story.join("; ")),
  async run({ inspected, take: mayTake }, context) {
    const faults = slotFaults(holdingsOf(inspected)).filter(({ fault }) => fault !== "news");
    const { take, finish, close, gather, stuck, story } = repairOf(faults);
    if (stuck.length > 0) throw refused("CLUSTER_NOT_MENDABLE", stuck.join("; "), ["redisha cluster check"]);
    if (take.length > 0 && !mayTake) {
      const next = [
        "was a node removed with its slots? Bring it back",
        "only if its data is gone for good, or lies where the plan says: redisha cluster fix --take",
      ];
      throw refused("SLOTS_OF_NOBODY", `Slots belong to nobody: ${story.join("; ")}`, next);
    }
    const ends = [...new Set([...finish, ...gather].flatMap(({ from, to }) => [from, to]))];
    const outputs = {
      ...{ story, slots: faults.length, take, close },
      takers: [...new Set(take.map(({ instance }) => instance))],
      finish: finish.map(counted),
      sources: [...new Set(finish.map(({ from }) => from))],
      shards: membersOf(ends, await context.topology()),
      closers: [...new Set(close.map(({ instance }) => instance))],
      gather: gather.map(counted),
      gatherers: [...new Set(gather.map(({ from }) => from))],
    };
    return { outputs, changed: false };
  },
});

function counted({ from, to, slots }: Move) {
  return { from, to, slots: slots.map(([first, last]): [number, number] => [first, last]), count: countSlots(slots) };
}

function refused(code: string, message: string, next: readonly string[]): RedishaError {
  return new RedishaError({ code, message: `${message}.`, exit: EXIT.gateRefused, state: "nothing was touched", next });
}

import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { readViews } from "../../reshard/cluster-view.ts";
import { all } from "../../reshard/orders.ts";
import { slotsIn } from "../../reshard/slot-list.ts";
import { printRanges } from "../../topology/parse/slots.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { reachOf } from "./reach.ts";
import { atSchema } from "./repair-schema.ts";

/** Gives slots that belong to nobody to the targeted primary. */
export const clusterTakeSlots = defineAction({
  name: "cluster.take_slots",
  summary: "Has the targeted primary take slots that no node owns; one that somebody owns by now is left alone",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ slots: atSchema.describe("As cluster.plan_fix gives them; those of others are left alone") }),
  output: z.strictObject({ taken: z.int() }),
  example: `- id: take
  action: cluster.take_slots
  targets: { role: data, where: 'host.id in steps.plan.outputs.takers' }
  with: { slots: "\${{ steps.plan.outputs.take }}" }
  undo: none`,
  commands: ({ slots }, { instance }) =>
    slots
      .filter((each) => each.instance === instance?.id)
      .flatMap((each) => [
        redisCommand(["CLUSTER", "SETSLOT", printRanges(each.slots), "STABLE"]),
        redisCommand(["CLUSTER", "ADDSLOTS", printRanges(each.slots)]),
        redisCommand(["CLUSTER", "BUMPEPOCH"]),
      ]),
  async run({ slots }, context) {
    const { id } = instanceOf(context);
    const wanted = slotsIn(slots.filter(({ instance }) => instance === id).flatMap((each) => each.slots));
    const views = await readViews(
      context.deployment.instances.map((instance) => instance.id),
      reachOf(context),
    );
    const own = views.find(({ instance }) => instance === id);
    if (own?.primaryId !== null) throw noPrimary(id);
    // Others may believe that it owns it; that it does not, by its own word, they do not hear.
    const mayBe = (owner: string | undefined) => owner === undefined || owner === own.nodeId;
    const free = wanted.filter(
      (slot) => own.owners[slot] === undefined && views.every(({ owners }) => mayBe(owners[slot])),
    );
    const connection = await context.redis(instanceOf(context));
    if (free.length > 0) {
      await all(
        connection,
        free.flatMap((slot) => [
          ["CLUSTER", "SETSLOT", String(slot), "STABLE"],
          ["CLUSTER", "ADDSLOTS", String(slot)],
        ]),
        context.signal,
      );
      // With an epoch of its own its claim holds against whoever comes back with an old one.
      await connection.command(["CLUSTER", "BUMPEPOCH"], { signal: context.signal });
    }
    return { outputs: { taken: free.length }, changed: free.length > 0 };
  },
  repeatable: true,
});

function noPrimary(id: string): RedishaError {
  return new RedishaError({
    code: "NOT_A_PRIMARY",
    message: `${id} is no primary any more.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed there",
    next: ["redisha cluster fix"],
  });
}

import { z } from "zod";
import { viewOf } from "../../reshard/cluster-view.ts";
import { all, stable } from "../../reshard/orders.ts";
import { slotsIn } from "../../reshard/slot-list.ts";
import { printRanges } from "../../topology/parse/slots.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { atSchema } from "./repair-schema.ts";

/** Takes marks of moves that came to nothing off slots that the targeted node owns. */
export const clusterCloseSlots = defineAction({
  name: "cluster.close_slots",
  summary: "Takes the marks of moves off slots that the targeted primary owns; who owns them stays as it is",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ slots: atSchema.describe("As cluster.plan_fix gives them; those of others are left alone") }),
  output: z.strictObject({ closed: z.int() }),
  example: `- id: close
  action: cluster.close_slots
  targets: { role: data, where: 'host.id in steps.plan.outputs.closers' }
  with: { slots: "\${{ steps.plan.outputs.close }}" }
  undo: none`,
  commands: ({ slots }, { instance }) =>
    slots
      .filter((each) => each.instance === instance?.id)
      .map((each) => redisCommand(["CLUSTER", "SETSLOT", printRanges(each.slots), "STABLE"])),
  async run({ slots }, context) {
    const instance = instanceOf(context);
    const connection = await context.redis(instance);
    const view = viewOf(
      instance.id,
      String(await connection.command(["CLUSTER", "NODES"], { signal: context.signal })),
    );
    const wanted = slotsIn(slots.filter((each) => each.instance === instance.id).flatMap((each) => each.slots));
    const own = wanted.filter((slot) => view?.owners[slot] === view?.nodeId);
    await all(connection, stable(own), context.signal);
    return { outputs: { closed: own.length }, changed: own.length > 0 };
  },
  repeatable: true,
});

import { z } from "zod";
import { type NodeView, readViews } from "../../reshard/cluster-view.ts";
import { importFrom } from "../../reshard/gather.ts";
import { all } from "../../reshard/orders.ts";
import { slotsIn } from "../../reshard/slot-list.ts";
import { printRanges } from "../../topology/parse/slots.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { dataInstances } from "./membership.ts";
import { movesSchema } from "./moves-schema.ts";
import { reachOf } from "./reach.ts";

/**
 * Tells a node who owns slots whose keys it is to give away. It believes no news of a slot that it imports (cluster.c,
 * clusterUpdateSlotsConfigWith): where the source of that has died, it holds the whole cluster to be down, although another one
 * has taken over, and neither gives nor takes a key of any slot.
 */
export const clusterTellOwner = defineAction({
  name: "cluster.tell_owner",
  summary: "Tells the targeted node who owns the slots whose keys it is to give away, where it believes something else",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    gather: movesSchema.describe("As cluster.plan_fix gives it; those of others are left alone"),
  }),
  output: z.strictObject({ told: z.int().describe("Slots of which it believed something else") }),
  example: `- id: tell
  action: cluster.tell_owner
  targets: { role: data, where: 'host.id in steps.plan.outputs.gatherers' }
  with: { gather: "\${{ steps.plan.outputs.gather }}" }
  undo: none`,
  commands: ({ gather }, { instance }) =>
    gather
      .filter(({ from }) => from === instance?.id)
      .flatMap(({ to, slots }) => [
        redisCommand(["CLUSTER", "SETSLOT", printRanges(slots), "NODE", to]),
        redisCommand(["CLUSTER", "SETSLOT", printRanges(slots), "IMPORTING", to]),
      ]),
  async run({ gather }, context) {
    const { id } = instanceOf(context);
    const views = await readViews(dataInstances(context), reachOf(context));
    const own = views.find(({ instance }) => instance === id);
    const orders = gather
      .filter(({ from }) => from === id)
      .flatMap(({ to, slots }) => {
        const owner = views.find(({ instance }) => instance === to);
        const wrong = own && owner ? slotsIn(slots).filter((slot) => mistaken(slot, own, owner)) : [];
        return wrong.map((slot) => importFrom([slot], owner?.nodeId ?? ""));
      });
    await all(await context.redis(instanceOf(context)), orders.flat(), context.signal);
    return { outputs: { told: orders.length }, changed: orders.length > 0 };
  },
  repeatable: true,
});

/** Whether the node takes somebody else for the owner, by the owner's own words; never where it holds itself to be that. */
function mistaken(slot: number, own: NodeView, owner: NodeView): boolean {
  const owns = owner.owners[slot] === owner.nodeId;
  return owns && own.owners[slot] !== owner.nodeId && own.owners[slot] !== own.nodeId;
}

import { z } from "zod";
import { replicate, untilKnown } from "../../reshard/replicate.ts";
import { afterJoin, afterReplicate } from "../../topology/after-membership.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { dataInstances, haveLead, homesSchema, leadSchema, takeIn } from "./membership.ts";
import { reachOf } from "./reach.ts";

/** Joining and following, each with its own patience, and some more for a machine that is busy. */
const TAKES_MS = 180_000;

/** Takes a server that knows nobody into the cluster. */
export const clusterJoin = defineAction({
  name: "cluster.join",
  summary:
    "Has the targeted server meet every member of the cluster, waits until all agree, and lets it follow whom it is to",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    homes: homesSchema.default({}).describe("Replicas, and whose they are to be; who is not named is an empty primary"),
    lead: leadSchema,
  }),
  output: z.strictObject({ node_id: z.string(), met: z.boolean().describe("False where it was a member already") }),
  example: `- id: join
  action: cluster.join
  targets: { role: data, where: host.id == inputs.node }
  with: { homes: "\${{ steps.homes.outputs.homes }}" }
  undo: { action: cluster.leave, with: {} }`,
  commands: ({ homes }, { instance }) => {
    const home = homes[instance?.id ?? ""];
    return [
      {
        ...redisCommand(["CLUSTER", "MEET", "ADDRESS", "PORT", "BUS-PORT"]),
        text: "CLUSTER MEET ADDRESS PORT BUS-PORT  # of each member",
      },
      ...(home === undefined ? [] : [redisCommand(["CLUSTER", "REPLICATE", home])]),
    ];
  },
  takesMs: () => TAKES_MS,
  async run({ homes, lead }, context) {
    const { id } = instanceOf(context);
    const { nodeId, met } = await takeIn(id, context);
    const home = homes[id];
    if (lead && home !== undefined) await haveLead(home, homes, context);
    const reach = { ...reachOf(context), patienceMs: TAKES_MS / 3 };
    const followed = home !== undefined && (await replicate(id, home, reach));
    if (home !== undefined) await untilKnown(id, dataInstances(context), reach);
    return { outputs: { node_id: nodeId, met }, changed: met || followed };
  },
  simulate: ({ homes }, topology, { instance }) => {
    if (!instance) return topology;
    const home = homes[instance.id];
    const joined = afterJoin(topology, instance.id);
    return home === undefined ? joined : afterReplicate(joined, instance.id, home);
  },
  repeatable: true,
});

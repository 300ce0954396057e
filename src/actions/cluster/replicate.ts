import { z } from "zod";
import { replicate } from "../../reshard/replicate.ts";
import { afterReplicate } from "../../topology/after-membership.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { haveLead, homesSchema, leadSchema } from "./membership.ts";
import { reachOf } from "./reach.ts";

const PATIENCE_MS = 60_000;

/** Gives a replica another primary. */
export const clusterReplicate = defineAction({
  name: "cluster.replicate",
  summary: "Makes the targeted node of a cluster, which owns nothing, the replica of a primary",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    homes: homesSchema.describe("Replicas, and whose they are to be; others are left alone"),
    lead: leadSchema,
  }),
  output: z.strictObject({ primary: z.string().describe("Whom it follows; empty where it was left alone") }),
  example: `- id: rehome
  action: cluster.replicate
  targets: { role: data, where: 'host.id in steps.homes.outputs.homes' }
  with: { homes: "\${{ steps.homes.outputs.homes }}" }
  undo: { action: cluster.replicate, with: { homes: "\${{ before.homes }}" } }`,
  commands: ({ homes }, { instance }) => {
    const home = homes[instance?.id ?? ""];
    return home === undefined ? [] : [redisCommand(["CLUSTER", "REPLICATE", home])];
  },
  takesMs: () => PATIENCE_MS * 2,
  async before(_input, context) {
    const { id } = instanceOf(context);
    const primary = (await context.topology()).nodes.find((node) => node.id === id)?.primary_id ?? null;
    return { homes: primary === null ? {} : { [id]: primary } };
  },
  async run({ homes, lead }, context) {
    const { id } = instanceOf(context);
    const home = homes[id];
    if (home === undefined) return { outputs: { primary: "" }, changed: false };
    if (lead) await haveLead(home, homes, context);
    const changed = await replicate(id, home, { ...reachOf(context), patienceMs: PATIENCE_MS });
    return { outputs: { primary: home }, changed };
  },
  simulate: ({ homes }, topology, { instance }) => {
    const home = homes[instance?.id ?? ""];
    return instance && home !== undefined ? afterReplicate(topology, instance.id, home) : topology;
  },
  repeatable: true,
});

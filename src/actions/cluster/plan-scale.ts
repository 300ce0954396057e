import { z } from "zod";
import { placeScale } from "../../init/place-scale.ts";
import type { Topology } from "../../topology/schema.ts";
import { defineAction } from "../define.ts";
import { homesSchema } from "./membership.ts";
import { placeOf, shardPlaces } from "./shard-places.ts";

/** Chooses who comes and who goes for a cluster to have so many primaries. Nothing is touched. */
export const clusterPlanScale = defineAction({
  name: "cluster.plan_scale",
  summary:
    "Chooses which servers that are listed and belong to nobody become primaries and replicas, or which primaries go: those with the fewest slots",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({ primaries: z.int().min(1) }),
  output: z.strictObject({
    joining: z.array(z.string()).describe("Servers that become primaries"),
    homes: homesSchema.describe("Servers that become replicas, and whose"),
    newcomers: z.array(z.string()).describe("Both"),
    leaving: z.array(z.string()).describe("Primaries that hand over their slots and go"),
    followers: z.array(z.string()).describe("Their replicas, which go with them"),
    followed: homesSchema.describe("Of these, whose they are"),
    short: z
      .array(z.string())
      .describe("New primaries with fewer replicas than declared: there are not enough servers"),
    missing: z.int().describe("How many servers there are too few, for the primaries alone"),
    weights: z.string().describe("As cluster.plan_balance takes them"),
  }),
  example: `- id: plan
  action: cluster.plan_scale
  with: { primaries: 5 }`,
  commands: ({ primaries }) => [
    { transport: "controller", text: `choose who comes or goes for ${primaries} primaries` },
  ],
  tell: ({ joining, homes, leaving, followers }) =>
    [
      ...joining.map((id) => `${id} becomes a primary`),
      ...Object.entries(homes).map(([id, of]) => `${id} becomes a replica of ${of}`),
      ...leaving.map((id) => `${id} hands over its slots and goes`),
      ...followers.map((id) => `${id} goes with its primary`),
    ].join("; ") || "there are as many already",
  async run({ primaries }, context) {
    const topology = await context.topology();
    const shards = shardPlaces(topology);
    const replicas = context.deployment.cluster?.replicasPerPrimary ?? 1;
    const placed = placeScale(shards, sparesOf(topology).map(placeOf), { primaries, replicas });
    const joining = [...placed.joining];
    const leaving = [...placed.leaving];
    return {
      outputs: {
        ...{ joining, leaving, homes: { ...placed.homes }, newcomers: [...joining, ...Object.keys(placed.homes)] },
        ...{ followers: [...placed.followers], followed: followedBy(placed.followers, topology) },
        short: [...placed.short],
        missing: Math.max(0, primaries - shards.length - joining.length),
        weights: [...joining.map((id) => `${id}=1`), ...leaving.map((id) => `${id}=0`)].join(","),
      },
      changed: false,
    };
  },
});

function followedBy(replicas: readonly string[], { nodes }: Topology): Record<string, string> {
  const found = nodes.filter(({ id }) => replicas.includes(id));
  return Object.fromEntries(found.flatMap(({ id, primary_id }) => (primary_id === null ? [] : [[id, primary_id]])));
}

/** Listed servers that answer and own nothing: those that belong to nobody, and primaries that nobody has given a slot. */
function sparesOf({ nodes }: Topology) {
  return nodes.filter(
    ({ listed, up, role, cluster }) => listed && up && role === "primary" && cluster?.slots_count === 0,
  );
}

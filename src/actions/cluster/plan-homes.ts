import { z } from "zod";
import { placeHomes } from "../../init/place-homes.ts";
import type { Topology } from "../../topology/schema.ts";
import { defineAction } from "../define.ts";
import { homesSchema } from "./membership.ts";
import { placeOf, shardPlaces } from "./shard-places.ts";

/** Chooses whose replicas nodes are to be. Nothing is touched. */
export const clusterPlanHomes = defineAction({
  name: "cluster.plan_homes",
  summary:
    "Chooses a primary for nodes that come as replicas, for replicas whose primary goes, and for a primary whose last one goes: on other hosts and in other zones",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    newcomers: z.array(z.string()).default([]).describe("Instances that come as replicas"),
    of: z.string().default("").describe("Whose they are to be; empty: where they are needed most"),
    leaving: z.array(z.string()).default([]).describe("Instances that go"),
  }),
  output: z.strictObject({
    homes: homesSchema.describe("Replicas, and whose they are to be"),
    bare: z.array(z.string()).describe("Primaries that lose their last replica, and nobody has one to spare"),
    near: z
      .array(z.string())
      .describe("Nodes that come to stand on one host, or in one zone, with another copy of their data"),
    same_host: z.array(z.string()).describe("Of those, the replicas that stand on one host with it"),
  }),
  example: `- id: homes
  action: cluster.plan_homes
  with: { leaving: ["\${{ inputs.node }}"] }`,
  commands: () => [{ transport: "controller", text: "choose a primary for each replica that needs one" }],
  tell: ({ homes, bare, near }) =>
    [
      ...Object.entries(homes).map(([id, of]) => `${id} becomes a replica of ${of}`),
      ...bare.map((id) => `${id} is left without a replica`),
      ...near,
    ].join("; ") || "nobody needs another primary",
  async run({ newcomers, of, leaving }, context) {
    const topology = await context.topology();
    const named = newcomers.flatMap((id) => topology.nodes.filter((node) => node.id === id));
    const placed = placeHomes(shardPlaces(topology, newcomers), {
      newcomers: of === "" ? named.map(placeOf) : [],
      leaving,
    });
    const homes = { ...placed.homes, ...(of === "" ? {} : Object.fromEntries(newcomers.map((id) => [id, of]))) };
    const close = Object.entries(homes).flatMap(([id, home]) => closeTo(id, home, topology, leaving));
    const same_host = close.filter(({ what }) => what === "host").map(({ id }) => id);
    const near = close.map(
      ({ id, other, what, name }) => `${id} stands with ${other} ${what === "host" ? "on host" : "in zone"} ${name}`,
    );
    return { outputs: { homes, bare: [...placed.bare], near, same_host: [...new Set(same_host)] }, changed: false };
  },
});

interface Close {
  readonly id: string;
  readonly other: string;
  readonly what: "host" | "zone";
  readonly name: string;
}

/** Other copies of its data that would be lost with it: on its host, else in its zone. */
function closeTo(id: string, home: string, { nodes, shards }: Topology, leaving: readonly string[]): Close[] {
  const own = nodes.find((node) => node.id === id);
  const replicas = shards.find(({ primary_id }) => primary_id === home)?.replica_ids ?? [];
  const copies = nodes.filter((node) => node.id === home || replicas.includes(node.id));
  const others = copies.filter((node) => node.id !== id && !leaving.includes(node.id));
  const sharing = (what: "host" | "zone") =>
    others
      .filter((other) => other[what] !== null && other[what] === own?.[what])
      .map((other): Close => ({ id, other: other.id, what, name: other[what] ?? "" }));
  const onHost = sharing("host");
  return onHost.length > 0 ? onHost : sharing("zone");
}

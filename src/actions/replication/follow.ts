import { z } from "zod";
import { addressOf } from "../../topology/after-switchover.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { endpointOf } from "./group.ts";

/** Makes each targeted instance a replica of another, by the address that the others know it by. */
export const replicationFollow = defineAction({
  name: "replication.follow",
  summary: "Makes each targeted instance a replica of the given one",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({ primary: z.string().describe("Instance to follow, e.g. r2:6379") }),
  output: z.strictObject({}),
  example: `- id: follow
  action: replication.follow
  targets: { role: replica }
  with: { primary: "r2:6379" }
  undo: none`,
  commands: ({ primary }) => [{ transport: "redis", text: `REPLICAOF ${primary}` }],
  before: async (_input, context) => {
    const { nodes } = await context.topology();
    return { primary: nodes.find(({ id }) => id === instanceOf(context).id)?.primary_id ?? null };
  },
  async run({ primary }, context) {
    const { address, port } = endpointOf(primary, await context.topology());
    const connection = await context.redis(instanceOf(context));
    await connection.command(["REPLICAOF", address, String(port)], { signal: context.signal });
    return { outputs: {}, changed: true };
  },
  simulate: ({ primary }, topology, { instance }) => ({
    ...topology,
    nodes: topology.nodes.map((node) => {
      const of = topology.nodes.find(({ id }) => id === primary);
      return node.id === instance?.id && of
        ? {
            ...node,
            role: "replica",
            primary_id: primary,
            primary_address: addressOf(of),
            link_up: true,
            writable: false,
          }
        : node;
    }),
  }),
  async probe({ primary }, context) {
    const { nodes } = await context.topology({ fresh: true });
    return nodes.find(({ id }) => id === instanceOf(context).id)?.primary_id === primary;
  },
});

import { z } from "zod";
import { benchmarkSchema } from "../../size/benchmark.ts";
import { loadSchema } from "../../size/load.ts";
import { sizingOf, sizingSchema, type Wishes } from "../../size/sizing.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

/** What is to be borne, by the names of the inputs of the runbook size. */
export const wishesSchema = z.object({
  growth_percent: z.int().min(1).describe("Percent of this load that is to be borne"),
  outage: durationSchema.describe("How long a replica may be away without a full resync"),
  server_bytes: z.int().min(1).describe("The most data that one server is to hold"),
  server_ops: z.int().min(1).describe("The most commands in a second that one server is to bear"),
  network_bytes: z.int().min(1).describe("What the network carries in a second"),
});

export function wishesOf(given: z.output<typeof wishesSchema>): Wishes {
  return {
    growth: given.growth_percent / 100,
    outageMs: given.outage,
    serverBytes: given.server_bytes,
    serverOps: given.server_ops,
    networkBytes: given.network_bytes,
  };
}

const benchmarks = (action: string) =>
  z
    .array(benchmarkSchema)
    .max(1)
    .default([])
    .describe(`What a server bears, as ${action} gives it; none: not measured`);

/** What servers and hosts have to have for loads that were measured. */
export const sizeEstimate = defineAction({
  name: "size.estimate",
  summary: "Says what memory, backlog, disk, network and how many shards a load needs, with the arithmetic",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    loads: z.array(loadSchema).min(1).describe("A primary each, as size.measure gives them"),
    ...wishesSchema.shape,
    scratch: benchmarks("size.benchmark"),
    live: benchmarks("size.benchmark_live"),
  }),
  output: sizingSchema,
  example: `- id: estimate
  action: size.estimate
  with:
    loads: "\${{ steps.measure.hosts.map(id, steps.measure.hosts[id].outputs) }}"
    growth_percent: 200
    outage: 10m
    server_bytes: 26843545600
    server_ops: 50000
    network_bytes: 125000000`,
  commands: () => [{ transport: "controller", text: "reckon what that load needs" }],
  async run({ loads, scratch, live, ...wishes }) {
    return { outputs: sizingOf(loads, wishesOf(wishes), live[0] ?? scratch[0]), changed: false };
  },
});

import { z } from "zod";
import { Drill } from "../../drill/drill.ts";
import { drillIn, keepDrill } from "../../drill/drill-slot.ts";
import { PROBE_KINDS } from "../../drill/recording.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { refuseUnpermitted } from "./permissions.ts";
import { planDrill } from "./plan-drill.ts";

const counts = z
  .partialRecord(z.enum(PROBE_KINDS), z.int().min(0).max(32))
  .refine((probes) => Object.entries(probes).some(([kind, n]) => kind !== "reader" && (n ?? 0) > 0), {
    error: "needs at least one writer: re_resolve, subscriber, sticky or wait_1",
  });

const input = z.strictObject({
  mode: z
    .string()
    .regex(/^[a-z][a-z_]*$/)
    .default("none")
    .describe("What is going to be done, for the report: switchover, crash, hang, partition, partition_all, host"),
  shard: z
    .string()
    .optional()
    .describe("Shard of a cluster to drill, by id as status shows it, e.g. 0-5460; default the first one"),
  probes: counts
    .default({ re_resolve: 1, subscriber: 1, sticky: 1, wait_1: 1, reader: 1 })
    .describe("How many of each kind, each with connections of its own"),
  rate: z.int().min(1).max(1_000).default(200).describe("Writes or reads per second of each probe"),
  answer_timeout: durationSchema
    .default(250)
    .describe("How long a probe waits for an answer before it gives the connection up, e.g. 250ms"),
  wait_replicas: z.int().min(1).default(1).describe("Replicas that must confirm a write of wait_1"),
  expire: durationSchema
    .default(3_600_000)
    .describe("When the keys go by themselves, whatever becomes of this run, e.g. 1h"),
  limit: durationSchema.default(1_800_000).describe("When the probes end by themselves, e.g. 30m"),
});

export type DrillInput = z.output<typeof input>;

/** Starts the probes and the watching; both go on while the next steps run, until drill.stop or the end of the run. */
export const drillStart = defineAction({
  name: "drill.start",
  summary:
    "Starts probe clients that write and read as applications do, and watches every instance while later steps run",
  scope: "controller",
  effect: "change",
  measures: true,
  input,
  output: z.strictObject({
    prefix: z.string().describe("What the keys of the drill begin with"),
    shard: z.string().describe("main, or the drilled shard of a cluster"),
    old_primary: z.string().describe("The primary as the drill begins"),
    members: z.array(z.string()).describe("Instances of the drilled shard"),
    probes: z.array(z.string()),
  }),
  example: `- id: measure
  action: drill.start
  with: { mode: crash, probes: { re_resolve: 4, subscriber: 1, sticky: 1, wait_1: 1, reader: 1 }, rate: 200 }
  undo: { action: drill.clean, with: {} }`,
  commands: ({ probes, rate, expire }) => [
    {
      transport: "controller",
      text: `start probes: ${Object.entries(probes)
        .map(([kind, n]) => `${n} ${kind}`)
        .join(", ")}; each ${rate} a second, into redisha:drill:<run>:*, expiring after ${expire / 1_000} s`,
    },
  ],
  async run(given, context) {
    const settings = await planDrill(given, context);
    // A run may drill again and again: one drill at a time, and none reads what another wrote.
    await drillIn(context.life)?.end();
    await refuseUnpermitted(settings, context);
    keepDrill(context.life, await Drill.start(settings, (event) => context.emit(event)));
    const { prefix, shard, old_primary, members, probes } = settings;
    return {
      outputs: { prefix, shard, old_primary, members: [...members], probes: probes.map(({ name }) => name) },
      changed: true,
    };
  },
  /** The drill is gone with the process that started it. */
  probe: async () => false,
});

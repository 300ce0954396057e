import { z } from "zod";
import { WRITER_KINDS } from "../inventory/model.ts";
import { ORIGINS } from "./analyse-origin.ts";
import { PROBE_KINDS } from "./recording.ts";

/**
 * What a drill found, in figures: the result of `failover-test --json`, `report.json` in the history. Every time is in
 * milliseconds; those that end in `_ms` of phases, spans and the timeline count from `origin`. What was not seen is null.
 */

const ms = z.number().min(0);
const nullableMs = ms.nullable();
/** Before the origin it is negative. */
const moment = z.number();
const count = z.int().min(0);
const nullableCount = count.nullable();

const spanSchema = z.strictObject({ from_ms: moment, to_ms: moment });

const silenceSchema = z.strictObject({
  ms,
  from_ms: moment,
  to_ms: moment,
  open: z.boolean().describe("It lasted until the recording ended: it took at least this long"),
});

const latencySchema = z.strictObject({ median_ms: ms, p99_ms: ms, max_ms: ms }).nullable();

const lossSchema = z.strictObject({
  total: count,
  before_fault: count.describe("Acknowledged before the fault"),
  old_primary_after_fault: count.describe("Acknowledged by the old primary after the fault, before it was healed"),
  after_heal: count.describe("Acknowledged by the old primary after it was healed"),
  elsewhere: count.describe("Acknowledged after the fault by another instance"),
});

const probeSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(PROBE_KINDS),
  shard: z.string(),
  via: z.enum(["direct", "ssh", "local"]),
  timeout_ms: ms,
  counted: z.boolean().describe("Its figures count against the budget"),
  attempts: count,
  acked: count,
  refused: count,
  unknown: count.describe("No answer came"),
  outage: silenceSchema.nullable().describe("Longest time between two acknowledgements that ended after the origin"),
  lasting_outage: silenceSchema
    .nullable()
    .describe("The same between acknowledgements of writes that were not lost; null where nothing was read back"),
  failing_ms: ms.describe("All times between two acknowledgements in which an attempt failed, added up"),
  first_write_ms: nullableMs.describe("First acknowledgement by another instance than the old primary"),
  undisturbed: z.boolean().describe("Nothing failed, and it had nothing to do with the old primary"),
  lost: lossSchema.nullable().describe("Acknowledged, and not there at the last read-back; null where none was made"),
  lost_at_promotion: nullableCount.describe("Acknowledged, and not there at the first read-back"),
  unknown_found: nullableCount.describe("Without an answer, and there nevertheless"),
  refused_found: nullableCount.describe("Refused, and there nevertheless: never to be seen"),
  latency_before: latencySchema.describe("Of what was acknowledged before the origin"),
  latency_after: latencySchema.describe("Of what was acknowledged after the longest outage"),
});

const figuresSchema = z.strictObject({
  write_outage_ms: nullableMs.describe(
    "Longest time without an acknowledgement of a client that counts, the worst one",
  ),
  write_outage_open: z.boolean().describe("It had not ended when the recording did"),
  write_outage_any_ms: nullableMs.describe("The same over every writer, also those that do not count"),
  no_client_wrote_ms: nullableMs.describe("Longest time in which no writer at all got an acknowledgement"),
  lasting_outage_ms: nullableMs.describe("As write_outage_ms, between writes that were not lost"),
  read_outage_ms: nullableMs.describe("Longest time without an answer of a reader, the worst one"),
  read_outage_open: z.boolean(),
  detection_ms: nullableMs.describe(
    "First +sdown of the old primary; in a cluster the first node that suspects it (pfail)",
  ),
  agreement_ms: nullableMs.describe("First +odown; in a cluster the first node that knows of a majority (fail)"),
  election_ms: nullableMs.describe("First +elected-leader"),
  promotion_ms: nullableMs.describe("Another instance says that it is primary"),
  switched_first_ms: nullableMs.describe("First Sentinel that published +switch-master"),
  switched_all_ms: nullableMs.describe("Last Sentinel that published its first +switch-master"),
  first_write_ms: nullableMs.describe("First acknowledgement by the new primary"),
  all_back_ms: nullableMs.describe("Every writer that counts has had one; null where one never came back"),
  old_primary_back_ms: nullableMs.describe("The old primary answers again"),
  old_primary_demoted_ms: nullableMs.describe("The old primary says that it is a replica"),
  link_up_ms: nullableMs.describe("The old primary follows, link up"),
  redundant_ms: nullableMs.describe("One primary, and every instance of the start follows it, link up"),
  acked_writes: count,
  lost_writes: nullableCount.describe("Of the clients that count; null where not all of it was read back"),
  lost_writes_any: nullableCount.describe("Of every writer"),
  lost_with_wait: nullableCount.describe("Of those acknowledged by WAIT"),
  lost_without_wait: nullableCount,
  unknown_writes: count,
  unknown_found: nullableCount,
  refused_found: nullableCount.describe("Must be 0"),
  two_primaries_ms: ms.describe("Time with two instances that would accept a write, as polled"),
  acked_by_old_after_promotion: count.describe("Writes that the old primary acknowledged beside the new one"),
  resyncs_full: count,
  resyncs_partial: count,
  staleness_max_ms: nullableMs,
});

const budgetSchema = z.strictObject({
  write_outage_ms: nullableMs,
  read_outage_ms: nullableMs,
  recovery_ms: nullableMs,
  lost_writes: nullableCount,
  clients: z.array(z.enum(WRITER_KINDS)).describe("Kinds of writers that count; readers always do"),
});

const verdictSchema = z.strictObject({
  state: z
    .enum(["within", "exceeded", "unproven", "no_budget"])
    .describe("unproven: a figure that the budget limits was not measured"),
  summary: z.string(),
  breaches: z.array(
    z.strictObject({
      figure: z.string(),
      limit: z.number().nullable().describe("null: such a thing must not be at all"),
      actual: z.number().nullable().describe("null: it was not reached, or not measured"),
      message: z.string(),
    }),
  ),
});

const timelineSchema = z.strictObject({
  from_ms: moment,
  to_ms: moment,
  bucket_ms: z.number().positive(),
  probes: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(PROBE_KINDS),
      acked: z.array(count).describe("Attempts acknowledged in each bucket"),
      failed: z.array(count).describe("Attempts that were refused or had no answer, by the time they ended"),
      latency_ms: z.array(ms.nullable()).describe("Median of the acknowledged ones"),
    }),
  ),
  roles: z.array(
    z.strictObject({
      instance: z.string(),
      spans: z.array(
        spanSchema.extend({ state: z.enum(["primary", "replica", "replica_link_down", "down", "unknown"]) }),
      ),
    }),
  ),
});

export const drillReportSchema = z.strictObject({
  schema: z.literal(1),
  run: z.string(),
  deployment: z.string(),
  kind: z.enum(["replication", "sentinel", "cluster"]),
  mode: z.string().describe("switchover, crash, hang, partition, partition_all, host or none"),
  shard: z.string().describe("Shard that the fault was for; main outside clusters"),
  old_primary: z.string(),
  new_primary: z.string().nullable(),
  started_at: z.string(),
  origin: z.strictObject({
    name: z.enum([...ORIGINS, "start"]).describe("What times count from"),
    at: z.string().describe("RFC 3339, wall clock of the measuring process"),
  }),
  duration_ms: ms,
  clock: z.strictObject({
    source: z.string(),
    resolution_ms: ms,
    delay_p99_ms: ms,
    delay_max_ms: ms,
    error_bound_ms: ms.describe("How far a figure may be off: the resolution and the measuring process' worst delay"),
  }),
  verdict: verdictSchema,
  budget: budgetSchema,
  figures: figuresSchema,
  phases: z.array(
    z.strictObject({
      id: z.string(),
      label: z.string(),
      after_ms: moment,
      detail: z.string(),
    }),
  ),
  probes: z.array(probeSchema),
  errors: z.array(
    z.strictObject({
      probe: z.string(),
      error: z.string(),
      outcome: z.enum(["refused", "unknown"]),
      count,
      first_ms: moment,
      last_ms: moment,
    }),
  ),
  resyncs: z.array(
    z.strictObject({
      replica: z.string().nullable().describe("null where it cannot be told which one it was"),
      served_by: z.string(),
      full: count,
      partial: count,
    }),
  ),
  staleness: z.array(
    z.strictObject({
      node: z.string(),
      samples: count,
      median_ms: ms,
      p99_ms: ms,
      max_ms: ms,
      max_writes: count,
    }),
  ),
  two_primaries: z.array(spanSchema.extend({ instances: z.array(z.string()) })),
  notes: z.array(z.string()).describe("What the recording does not show"),
  timeline: timelineSchema,
});

export type DrillReport = z.infer<typeof drillReportSchema>;
export type DrillFigures = DrillReport["figures"];
export type DrillBudget = DrillReport["budget"];
export type ProbeReport = DrillReport["probes"][number];
export type Silence = NonNullable<ProbeReport["outage"]>;
export type Phase = DrillReport["phases"][number];
export type DrillTimeline = DrillReport["timeline"];

import { z } from "zod";
import { causeNamed } from "./catalog.ts";
import type { Facts } from "./facts.ts";
import { type Cause, CONFIDENCES, type Diagnosis, SEVERITIES } from "./model.ts";
import { SYMPTOM_NAMES, type Symptom } from "./symptoms.ts";

const diagnosisSchema = z.strictObject({
  cause: z.string(),
  title: z.string(),
  symptoms: z.array(z.enum(SYMPTOM_NAMES)),
  severity: z.enum(SEVERITIES),
  confidence: z.enum(CONFIDENCES),
  subjects: z.array(z.string()),
  message: z.string(),
  why: z.string(),
  evidence: z.array(
    z.strictObject({
      where: z.string(),
      source: z.string(),
      value: z.string(),
      at: z.string().nullable().describe("When; null: now"),
    }),
  ),
  mend: z
    .strictObject({ runbook: z.string(), inputs: z.record(z.string(), z.string()), command: z.string() })
    .nullable()
    .describe("The runbook that mends it, and how it is typed"),
  next: z.array(z.string()).describe("What to type or to do besides"),
});
export type Diagnosed = z.infer<typeof diagnosisSchema>;

export const doctorReportSchema = z.strictObject({
  deployment: z.string(),
  looked_at: z.string(),
  within_s: z.number().describe("How far back logs were read"),
  symptom: z.enum(SYMPTOM_NAMES).nullable(),
  state: z.enum(["healthy", "degraded", "critical", "unreachable"]).describe("As of redisha status"),
  summary: z.string().describe("As of redisha status, in one sentence"),
  diagnoses: z.array(diagnosisSchema).describe("Worst and surest first"),
  asked: z.array(z.string()).describe("Causes that were looked for"),
  seen: z.strictObject({
    servers: z.int(),
    sentinels: z.int(),
    hosts: z.int(),
    logs: z.int(),
    log_lines: z.int(),
    connections: z.int().describe("Tried between hosts"),
  }),
  not_seen: z
    .array(z.strictObject({ where: z.string(), what: z.string(), why: z.string() }))
    .describe("What could not be looked at: nothing is known of causes that would show there"),
});
export type DoctorReport = z.infer<typeof doctorReportSchema>;

interface Asked {
  readonly causes: readonly string[];
  readonly symptom: Symptom | null;
}

/** Looks for every cause that was asked for. Pure. */
export function diagnoseAll({ causes, symptom }: Asked, facts: Facts): DoctorReport {
  const { topology, verdict, deployment } = facts;
  const asked = causes
    .map((id) => causeNamed(id))
    .filter((cause) => cause !== undefined)
    .filter((cause) => symptom === null || cause.symptoms.includes(symptom));
  const diagnoses = asked.flatMap((cause) => cause.diagnose(facts).map((found) => told(cause, found, facts)));
  const logs = Object.values(facts.logs).filter(({ read }) => read);
  const tried = Object.values(facts.reaches).flatMap((reach) => reach.tried);
  return {
    deployment: deployment.name,
    looked_at: new Date(facts.nowMs).toISOString(),
    within_s: Math.round(facts.withinMs / 1_000),
    symptom,
    state: verdict.state,
    summary: verdict.summary,
    diagnoses: worstFirst(diagnoses),
    asked: asked.map(({ id }) => id),
    seen: {
      servers: topology.nodes.filter(({ reach }) => reach.ok).length,
      sentinels: topology.sentinels.filter(({ reach }) => reach.ok).length,
      hosts: Object.values(facts.hosts).filter(({ read }) => read).length,
      logs: logs.length,
      log_lines: logs.reduce((sum, { lines }) => sum + lines.reduce((all, { times }) => all + times, 0), 0),
      connections: tried.filter(({ answer }) => answer !== "unknown").length,
    },
    not_seen: notSeen(facts),
  };
}

function told(cause: Cause, found: Diagnosis, { deployment }: Facts): Diagnosed {
  const { mend } = found;
  return {
    cause: cause.id,
    title: cause.title,
    symptoms: [...cause.symptoms],
    severity: found.severity,
    confidence: found.confidence,
    subjects: [...found.subjects],
    message: found.message,
    why: cause.why,
    evidence: found.evidence.map((each) => ({ ...each })),
    mend: mend ? { ...mend, inputs: { ...mend.inputs }, command: commandOf(mend, deployment.name) } : null,
    next: [...found.next],
  };
}

/** As it is typed; `--dry-run` behind it shows what it would do. */
function commandOf({ runbook, inputs }: NonNullable<Diagnosis["mend"]>, deployment: string): string {
  const given = Object.entries(inputs).map(([name, value]) => `--input ${quoted(`${name}=${value}`)}`);
  return ["redisha run", runbook, `--deployment ${quoted(deployment)}`, ...given].join(" ");
}

function quoted(word: string): string {
  return /^[\w.:=,@%+/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function worstFirst(diagnoses: readonly Diagnosed[]): Diagnosed[] {
  return [...diagnoses].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence),
  );
}

function notSeen(facts: Facts): DoctorReport["not_seen"] {
  const unread = (what: string, all: Readonly<Record<string, { read: boolean; why: string | null }>>) =>
    Object.entries(all).flatMap(([where, { read, why }]) => (read ? [] : [{ where, what, why: why ?? "" }]));
  const silent = [...facts.topology.nodes, ...facts.topology.sentinels].flatMap(({ id, listed, reach }) =>
    listed && !reach.ok ? [{ where: id, what: "server", why: reach.message ?? reach.code ?? "" }] : [],
  );
  const gone = new Set(silent.map(({ where }) => where));
  return [
    ...silent,
    ...unread("log", facts.logs).filter(({ where }) => !gone.has(where)),
    ...unread("ACL LOG and LATENCY", facts.troubles).filter(({ where }) => !gone.has(where)),
    ...unread("host", facts.hosts),
    ...unread("connections from there", facts.reaches),
  ];
}

import { z } from "zod";
import type { Waiver } from "../inventory/model.ts";
import { checkNamed } from "./catalog.ts";
import type { Checklist } from "./checklist.ts";
import type { Facts } from "./facts.ts";
import { type Outcome, SEVERITIES, type Severity, VERDICTS } from "./model.ts";

/** What makes preflight refuse. */
export const FAIL_ON = ["error", "warning", "info", "never"] as const;
export type FailOn = (typeof FAIL_ON)[number];

const fixSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("config"), directive: z.string(), value: z.string() }),
  z.strictObject({ kind: z.literal("os") }),
]);

const resultSchema = z.strictObject({
  subject: z.string().describe("An instance, a host, or the deployment"),
  kind: z.enum(["instance", "host", "deployment"]),
  verdict: z.enum(VERDICTS),
  weight: z.enum(["error", "warning", "info"]).nullable().describe("What it counts as; null where nothing is wrong"),
  measured: z.string(),
  wanted: z.string(),
  next: z.array(z.string()).describe("What to type for this subject, before what is said for all"),
  fix: fixSchema.nullable().describe("What --fix would do"),
  waived: z.strictObject({ until: z.string(), reason: z.string() }).nullable(),
});
export type CheckResult = z.infer<typeof resultSchema>;

const checkedSchema = z.strictObject({
  check: z.string(),
  title: z.string(),
  severity: z.enum(SEVERITIES),
  verdict: z.enum(VERDICTS).describe("The worst of its results that are not waived"),
  why: z.string(),
  how: z.string(),
  mend: z.array(z.string()).describe("What to type, or to do; most useful first"),
  documentation: z.string(),
  results: z.array(resultSchema),
});
export type Checked = z.infer<typeof checkedSchema>;

export const reportSchema = z.strictObject({
  deployment: z.string(),
  profile: z.string(),
  fail_on: z.enum(FAIL_ON),
  checked_at: z.string(),
  refused: z.boolean(),
  counts: z.strictObject({
    pass: z.int(),
    warn: z.int(),
    fail: z.int(),
    skip: z.int(),
    unknown: z.int(),
    waived: z.int().describe("Of those that are not as they should be; they are in no other count"),
  }),
  weights: z.strictObject({ error: z.int(), warning: z.int(), info: z.int() }),
  checks: z.array(checkedSchema).describe("In the order of the checklist"),
});
export type PreflightReport = z.infer<typeof reportSchema>;

/** Worst first. */
const WORST = ["fail", "unknown", "warn", "pass", "skip"] as const;
const WEIGHTS = ["error", "warning", "info"] as const;

/** Asks every check; none hides another. Pure. */
export function judgeAll(checklist: Checklist, facts: Facts, failOn: FailOn): PreflightReport {
  const today = new Date(facts.nowMs).toISOString().slice(0, 10);
  const waivers = (facts.deployment.waivers ?? []).filter(({ until }) => until >= today);
  const checks = checklist.checks.flatMap(({ check: id, severity, limits }) => {
    const check = checkNamed(id);
    if (!check) return [];
    const { title, why, how, mend, documentation } = check;
    const wanted = check.wanted(limits);
    const results = check
      .judge(facts, limits)
      .map((outcome) => resultOf(outcome, { id, severity, wanted }, facts, waivers));
    return [
      { check: id, title, severity, verdict: worstOf(results), why, how, mend: [...mend], documentation, results },
    ];
  });
  const results = checks.flatMap((check) => check.results);
  const standing = results.filter(({ waived }) => waived === null);
  const counted = (verdict: CheckResult["verdict"]) => standing.filter((each) => each.verdict === verdict).length;
  const weighing = (weight: CheckResult["weight"]) => standing.filter((each) => each.weight === weight).length;
  const weights = { error: weighing("error"), warning: weighing("warning"), info: weighing("info") };
  const limit = failOn === "never" ? -1 : WEIGHTS.indexOf(failOn);
  return {
    deployment: facts.deployment.name,
    profile: checklist.profile,
    fail_on: failOn,
    checked_at: new Date(facts.nowMs).toISOString(),
    refused: WEIGHTS.some((weight, at) => at <= limit && weights[weight] > 0),
    counts: {
      pass: counted("pass"),
      warn: counted("warn"),
      fail: counted("fail"),
      skip: counted("skip"),
      unknown: counted("unknown"),
      waived: results.length - standing.length,
    },
    weights,
    checks,
  };
}

interface Asked {
  readonly id: string;
  readonly severity: Severity;
  readonly wanted: string;
}

function resultOf(outcome: Outcome, asked: Asked, facts: Facts, waivers: readonly Waiver[]): CheckResult {
  const { subject, verdict, measured, fix } = outcome;
  const weight = weightOf(verdict, asked.severity);
  const waiver =
    weight === null ? undefined : waivers.find((each) => each.check === asked.id && isAbout(each, subject));
  return {
    subject,
    kind: kindOf(subject, facts),
    verdict,
    weight,
    measured,
    wanted: outcome.wanted ?? asked.wanted,
    next: weight === null ? [] : [...(outcome.next ?? [])],
    fix: (weight === null ? undefined : fix) ?? null,
    waived: waiver ? { until: waiver.until, reason: waiver.reason } : null,
  };
}

/** What cannot be told weighs as much as what is wrong; a warning is never more than that. */
function weightOf(verdict: Outcome["verdict"], severity: Severity): CheckResult["weight"] {
  if (verdict === "pass" || verdict === "skip" || severity === "off") return null;
  return verdict === "warn" && severity === "error" ? "warning" : severity;
}

/** A waiver without a target is for every subject of its check; the name of a host is for all that runs there. */
function isAbout({ target }: Waiver, subject: string): boolean {
  return target === undefined || target === subject || subject.startsWith(`${target}:`);
}

function kindOf(subject: string, { deployment }: Facts): CheckResult["kind"] {
  if (deployment.instances.some(({ id }) => id === subject)) return "instance";
  return deployment.hosts.some(({ name }) => name === subject) ? "host" : "deployment";
}

function worstOf(results: readonly CheckResult[]): Checked["verdict"] {
  const standing = results.map(({ verdict, waived }) => (waived === null ? verdict : "skip"));
  return WORST.find((verdict) => standing.includes(verdict)) ?? "skip";
}

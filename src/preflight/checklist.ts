import { z } from "zod";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import { CHECKS, checkNamed } from "./catalog.ts";
import { SEVERITIES, SOURCES } from "./model.ts";

const limitsSchema = z.record(z.string(), z.unknown());

/** A check as a runbook asks for it. */
const askedSchema = z.strictObject({
  check: z.string().describe("Id of the check"),
  severity: z.enum(SEVERITIES).describe("What it weighs where it fails"),
  limits: limitsSchema.default({}).describe("Its thresholds"),
});
type Asked = z.infer<typeof askedSchema>;

/** What one profile has otherwise, by id of the check. */
const profilesSchema = z.record(
  z.string(),
  z.record(z.string(), z.strictObject({ severity: z.enum(SEVERITIES).optional(), limits: limitsSchema.optional() })),
);
type Profiles = z.infer<typeof profilesSchema>;

/** What a runbook says of a checklist. */
export const checklistInputSchema = z.strictObject({
  profile: z.string().nullable().describe("Null: preflight.profile of redisha.yaml, else production"),
  only: z.array(z.string()).default([]).describe("Ids of checks; empty: all"),
  skip: z.array(z.string()).default([]),
  checks: z.array(askedSchema).describe("In the order in which they are told"),
  profiles: profilesSchema.describe("By name, what a profile has otherwise"),
});

export const checklistSchema = z.strictObject({
  profile: z.string(),
  checks: z.array(askedSchema).describe("In the order in which they are told"),
  reads: z.array(z.enum(SOURCES)).describe("What has to be read for them"),
});
export type Checklist = z.infer<typeof checklistSchema>;

interface Choice {
  readonly profile: string;
  readonly only: readonly string[];
  readonly skip: readonly string[];
}

/**
 * The checks that are asked, with the severities and thresholds of a profile. Fails with PREFLIGHT_CHECKLIST, naming every
 * mistake at once: a check, profile or threshold that there is not.
 */
export function checklistOf(asked: readonly Asked[], profiles: Profiles, choice: Choice): Checklist {
  const problems = [
    ...asked.flatMap(({ check }) => unknownCheck(check, "the checklist")),
    ...Object.entries(profiles).flatMap(([name, changes]) =>
      Object.keys(changes).flatMap((check) => unknownCheck(check, `the profile ${name}`)),
    ),
    ...choice.only.flatMap((check) => unknownCheck(check, "--only")),
    ...choice.skip.flatMap((check) => unknownCheck(check, "--skip")),
    ...(choice.profile in profiles ? [] : [noProfile(choice.profile, Object.keys(profiles))]),
  ];
  const changes = profiles[choice.profile] ?? {};
  const checks = asked
    .map(({ check, severity, limits }) => ({
      check,
      severity: changes[check]?.severity ?? severity,
      limits: { ...limits, ...changes[check]?.limits },
    }))
    .filter(({ check, severity }) => (choice.only.length > 0 ? choice.only.includes(check) : severity !== "off"))
    .filter(({ check }) => !choice.skip.includes(check))
    // Who asks for a check by its name wants to see it, whatever the profile makes of it.
    .map((each) => (each.severity === "off" ? { ...each, severity: "info" as const } : each));
  for (const { check, limits } of checks) {
    const issues = checkNamed(check)?.limits.safeParse(limits).error?.issues ?? [];
    problems.push(...issues.map(({ path, message }) => `${[check, "limits", ...path].join(".")}: ${message}`));
  }
  if (problems.length > 0) throw mistaken(problems);
  const sources = new Set(checks.flatMap(({ check }) => checkNamed(check)?.reads ?? []));
  return { profile: choice.profile, checks, reads: SOURCES.filter((source) => sources.has(source)) };
}

function unknownCheck(id: string, where: string): string[] {
  if (checkNamed(id)) return [];
  const guess = nearest(
    id,
    CHECKS.map((check) => check.id),
  );
  return [`${where}: there is no check ${id}${guess ? `; did you mean ${guess}?` : ""}`];
}

function noProfile(name: string, names: readonly string[]): string {
  return `there is no profile ${name}; there are ${names.join(", ")}`;
}

function mistaken(problems: readonly string[]): RedishaError {
  return new RedishaError({
    code: "PREFLIGHT_CHECKLIST",
    message: problems.join("; "),
    exit: EXIT.usage,
    state: "nothing was looked at",
    next: ["redisha preflight --list"],
  });
}

import type { z } from "zod";
import type { Facts } from "./facts.ts";

/** What a check says of one instance, one host or the whole deployment. `unknown`: it could not be looked at. */
export const VERDICTS = ["pass", "warn", "fail", "skip", "unknown"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How much a check that failed weighs; `off` leaves it out. */
export const SEVERITIES = ["error", "warning", "info", "off"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What has to be read before a check can say anything; a step of the runbook reads each. */
export const SOURCES = ["servers", "processes", "hosts", "ways", "keys", "backups", "drills", "monitoring"] as const;
export type Source = (typeof SOURCES)[number];

/** A change that is safe to make: a directive that takes effect at once, or the settings of a host that init-os makes. */
export type Fix =
  | { readonly kind: "config"; readonly directive: string; readonly value: string }
  | { readonly kind: "os" };

/** The verdict on one subject, with what was measured. */
export interface Finding {
  readonly verdict: Verdict;
  /** In the words of an operator: a value with its unit, or why there is none. */
  readonly measured: string;
  /** Where something else is wanted of this subject than of the others. */
  readonly wanted?: string;
  /** What to type for this subject, before what the check says for all. */
  readonly next?: readonly string[];
  readonly fix?: Fix;
}

/** A finding and whom it is about: the id of an instance, the name of a host, or that of the deployment. */
export interface Outcome extends Finding {
  readonly subject: string;
}

/** A named check. Pure: `judge` looks at facts that were gathered before, and always says something of each subject. */
export interface Check {
  /** Stable: redisha.yaml, scripts and reports name it. */
  readonly id: string;
  readonly title: string;
  /** What happens to those who do not heed it. */
  readonly why: string;
  /** How it is measured. */
  readonly how: string;
  /** What to type, or to do; most useful first. */
  readonly mend: readonly string[];
  /** Where more is said of it. */
  readonly documentation: string;
  readonly reads: readonly Source[];
  /** Thresholds, as a runbook writes them; every one has a default. */
  readonly limits: z.ZodObject;
  /** What of it --fix can mend. */
  readonly fixes?: string;
  wanted(limits: unknown): string;
  judge(facts: Facts, limits: unknown): readonly Outcome[];
}

interface Definition<L extends z.ZodObject> extends Omit<Check, "limits" | "wanted" | "judge"> {
  readonly limits: L;
  wanted(limits: z.output<L>): string;
  judge(facts: Facts, limits: z.output<L>): readonly Outcome[];
}

/** Types a check by its thresholds, which are read from what the runbook wrote. */
export function defineCheck<L extends z.ZodObject>(definition: Definition<L>): Check {
  return {
    ...definition,
    wanted: (limits) => definition.wanted(definition.limits.parse(limits)),
    judge: (facts, limits) => definition.judge(facts, definition.limits.parse(limits)),
  };
}

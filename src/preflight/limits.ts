import { z } from "zod";
import { parseBytes, parseDuration } from "../core/units.ts";

/** Thresholds of checks, as a runbook writes them. */

/** A size in Redis' reading, as bytes. */
export function bytes(standard: string, what: string) {
  return z
    .union([z.string(), z.int().min(0).transform(String)])
    .default(standard)
    .transform(read(parseBytes, "a size such as 512mb"))
    .describe(what);
}

/** A length of time with its unit, as milliseconds. */
export function duration(standard: string, what: string) {
  return z.string().default(standard).transform(read(parseDuration, "a duration such as 24h")).describe(what);
}

export function percent(standard: number, what: string) {
  return z.number().min(0).default(standard).describe(what);
}

export function count(standard: number, what: string) {
  return z.int().min(0).default(standard).describe(what);
}

export function words(standard: readonly string[], what: string) {
  return z
    .array(z.string())
    .default([...standard])
    .describe(what);
}

function read(parse: (text: string) => number | undefined, what: string) {
  return (text: string, issues: z.RefinementCtx): number => {
    const value = parse(text);
    if (value === undefined) issues.addIssue({ code: "custom", message: `expected ${what}` });
    return value ?? 0;
  };
}

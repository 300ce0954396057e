import { z } from "zod";
import type { PreflightReport } from "./report.ts";

export const fixesSchema = z.strictObject({
  directives: z
    .record(z.string(), z.record(z.string(), z.string()))
    .describe("By instance: directives with the values that they should have"),
  hosts: z.array(z.string()).describe("Hosts whose system is to be set up"),
  checks: z.array(z.string()).describe("Checks that have something to mend"),
});

/**
 * What of a report can be mended safely. What is waived is left as it is: somebody wanted it so; and `ownHosts` too, which are
 * the machine that redisha runs on: one tries redisha on it, and does not set it up for Redis. Pure.
 */
export function fixesIn({ checks }: PreflightReport, ownHosts: ReadonlySet<string>): z.infer<typeof fixesSchema> {
  const directives: Record<string, Record<string, string>> = {};
  const hosts = new Set<string>();
  const mended = new Set<string>();
  for (const { check, results } of checks) {
    for (const { subject, fix, waived } of results) {
      if (fix === null || waived !== null || (fix.kind === "os" && ownHosts.has(subject))) continue;
      mended.add(check);
      if (fix.kind === "os") hosts.add(subject);
      else directives[subject] = { ...directives[subject], [fix.directive]: fix.value };
    }
  }
  return { directives, hosts: [...hosts], checks: [...mended] };
}

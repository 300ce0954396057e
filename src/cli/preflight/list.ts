import { z } from "zod";
import { SEVERITIES } from "../../preflight/model.ts";
import type { ListedCheck } from "../../use-cases/preflight-checks.ts";
import { renderTable } from "../output/table.ts";
import type { Theme } from "../output/theme.ts";

export const preflightListSchema = z.strictObject({
  profile: z.string(),
  profiles: z.array(z.string()),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      title: z.string(),
      severity: z.enum(SEVERITIES),
      wanted: z.string(),
      limits: z.record(z.string(), z.unknown()),
      why: z.string(),
      how: z.string(),
      mend: z.array(z.string()),
      fixes: z.string().nullable().describe("What --fix does"),
      documentation: z.string(),
    }),
  ),
});
export type PreflightList = z.infer<typeof preflightListSchema>;

interface Listed {
  readonly profile: string;
  readonly profiles: readonly string[];
  readonly checks: readonly ListedCheck[];
}

/** The checks of a profile, as plain data. */
export function listOf({ profile, profiles, checks }: Listed): PreflightList {
  return {
    profile,
    profiles: [...profiles],
    checks: checks.map(({ check: { id, title, why, how, mend, fixes, documentation, wanted }, severity, limits }) => ({
      ...{ check: id, title, severity, wanted: wanted(limits), limits, why, how },
      ...{ mend: [...mend], fixes: fixes ?? null, documentation },
    })),
  };
}

export function renderList(
  { profile, profiles, checks }: PreflightList,
  theme: Theme,
  width: number | undefined,
): string {
  const rows = checks.map(({ check, severity, title, fixes }) => [
    check,
    severity,
    fixes === null ? "" : "--fix",
    title,
  ]);
  const columns = [
    { header: "CHECK" },
    { header: "SEVERITY" },
    { header: "MENDS" },
    { header: "WHAT SHOULD BE SO", shrinkTo: 20 },
  ];
  const table = renderTable(columns, rows, { theme, ...(width === undefined ? {} : { width }) });
  return `profile ${theme.strong(profile)}; there are ${profiles.join(", ")}\n\n${table}`;
}

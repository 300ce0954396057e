import type { RunSummary } from "../../use-cases/run-runbook.ts";

/** What the flags of `redisha backup` say, as inputs of its runbook. */
export function backupInputs(flags: {
  readonly method: string;
  readonly consistency: string;
  readonly "allow-primary": boolean | undefined;
  readonly "plain-secrets": boolean | undefined;
  readonly tag: readonly string[] | undefined;
  readonly reason: string | undefined;
  readonly "limit-rate": number | undefined;
}): Record<string, string> {
  const rate = flags["limit-rate"];
  return {
    method: flags.method,
    consistency: flags.consistency,
    allow_primary: String(flags["allow-primary"] ?? false),
    plain_secrets: String(flags["plain-secrets"] ?? false),
    ...(flags.tag ? { tag: flags.tag.join(",") } : {}),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(rate === undefined ? {} : { limit_rate: String(rate) }),
  };
}

/** Whether a run that was made by a timer has nothing to say: all is done, and nobody watches. */
export function isSilent(summary: RunSummary, watched: boolean): boolean {
  return !watched && summary.exit === 0;
}

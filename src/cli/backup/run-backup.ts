import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { plural } from "../output/format.ts";

const madeOutputs = z.object({
  backup: z.object({
    id: z.string(),
    repository: z.string(),
    bytes_raw: z.int(),
    bytes_stored: z.int(),
    keys: z.int().nullable(),
    encrypted: z.boolean(),
    pause_ms: z.number().nullable(),
    from_primary: z.boolean(),
  }),
  sources: z.array(z.string()),
});

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

/** The outputs of a backup that was made, as a person reads them; others as they are. */
export function shownBackup({ outputs }: RunSummary): RunSummary["outputs"] {
  const made = madeOutputs.safeParse(outputs);
  if (!made.success) return outputs;
  const { backup, sources } = made.data;
  const { id, repository, bytes_raw, bytes_stored, keys, encrypted, pause_ms, from_primary } = backup;
  const facts = [
    `${formatBytes(bytes_raw)} in ${formatBytes(bytes_stored)}`,
    ...(keys === null ? [] : [plural(keys, "key")]),
    encrypted ? "encrypted" : "not encrypted",
  ];
  return {
    backup: `${id} in ${repository}`,
    size: facts.join(", "),
    from: `${sources.join(", ")}${from_primary ? ": a primary was read" : ""}`,
    ...(pause_ms === null ? {} : { pause: `writes were held for ${pause_ms} ms` }),
  };
}

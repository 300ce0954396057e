import { z } from "zod";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { runSummarySchema } from "../runs/results.ts";

const deniedSchema = z.strictObject({ user: z.string(), address: z.string() });

const issuedSchema = z.strictObject({ host: z.string(), serial: z.string(), not_after: z.string() });

const outputsSchema = z.object({
  certificates: z.array(issuedSchema).nullable().catch(null).default(null),
  servers: z.array(z.string()).nullable().catch(null).default(null),
  sentinels: z.array(z.string()).nullable().catch(null).default(null),
  denied: z
    .array(z.object({ denied: z.array(deniedSchema) }))
    .nullable()
    .catch(null)
    .default(null),
});

/** What `redisha rotate --json` answers. */
export const rotateResultSchema = z.strictObject({
  ...runSummarySchema.omit({ outputs: true }).shape,
  rotated: z
    .strictObject({
      servers: z.array(z.string()).describe("Users of the servers"),
      sentinels: z.array(z.string()).describe("Users of the Sentinels"),
    })
    .describe("Whose passwords are changed; empty where it is not done"),
  certificates: z.array(issuedSchema).describe("Certificates that were put, by host; empty where it is not done"),
  denied: z
    .array(deniedSchema)
    .describe("Who still came with the previous password once it was taken away: user and address"),
});

export type RotateResult = z.infer<typeof rotateResultSchema>;

/** The summary of the run, with what it came to. */
export function rotateResult({ outputs, ...summary }: RunSummary): RotateResult {
  const { servers, sentinels, denied, certificates } = outputsSchema.parse(outputs);
  const done = summary.status === "done";
  const all = (denied ?? []).flatMap((each) => each.denied);
  const distinct = new Map(all.map((each) => [`${each.user} ${each.address}`, each]));
  return {
    ...summary,
    left_out: [...summary.left_out],
    rollback: summary.rollback && { ...summary.rollback },
    rotated: { servers: done ? (servers ?? []) : [], sentinels: done ? (sentinels ?? []) : [] },
    certificates: done ? (certificates ?? []) : [],
    denied: [...distinct.values()],
  };
}

import { z } from "zod";
import { topologySchema, verdictSchema } from "../../topology/schema.ts";
import { errorSchema } from "../envelope.ts";

const oneSchema = z.strictObject({ topology: topologySchema, verdict: verdictSchema });

/** `result` of `redisha status --json`: one deployment, or with `--all` every one of the file. */
export const statusResultSchema = z.union([
  oneSchema,
  z.strictObject({
    deployments: z.array(
      z.strictObject({
        name: z.string(),
        exit: z.int(),
        topology: topologySchema.nullable(),
        verdict: verdictSchema.nullable(),
        error: errorSchema.nullable().describe("Why this deployment could not be looked at; the others were"),
      }),
    ),
  }),
]);

export type StatusResultJson = z.infer<typeof statusResultSchema>;

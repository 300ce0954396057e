import { z } from "zod";
import { shardSchema, storedFileSchema } from "../../repository/manifest.ts";

/** What a step says of one shard, as the manifest will have it. */
export const shardPartSchema = z.strictObject({
  shard: shardSchema,
  duration_ms: z.int(),
});
export type ShardPart = z.infer<typeof shardPartSchema>;

/**
 * `steps.<id>.hosts` of the steps that may have stored shards: what each gave on its targets. A step that was skipped gave
 * nothing.
 */
export const shardPartsSchema = z
  .array(z.record(z.string(), z.looseObject({ outputs: z.unknown() })).nullable())
  .transform((steps) =>
    steps
      .flatMap((byTarget) => Object.values(byTarget ?? {}))
      .flatMap(({ outputs }) => {
        const part = shardPartSchema.safeParse(withoutNulls(outputs));
        return part.success ? [part.data] : [];
      }),
  )
  .describe("What was stored of each shard: steps.<id>.hosts of every step that may have");

export const filesSchema = z.preprocess(withoutNulls, z.array(storedFileSchema)).describe("Stored files");

/** In expressions what is not there is null; in a manifest it is left out. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutNulls(child)]));
}

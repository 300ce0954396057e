import { z } from "zod";
import { METHODS } from "../../backup/choose-sources.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment, Host, Instance } from "../../inventory/model.ts";

const slots = z.array(z.tuple([z.int(), z.int()]));

/** A source as `backup.choose` gives it, and as later steps take it. */
export const sourceSchema = z.strictObject({
  shard: z.string().describe("main, or the slots: c0-5460"),
  slots,
  instance: z.string().describe("Which instance it is read from"),
  host: z.string(),
  role: z.enum(["primary", "replica"]),
  primary: z.string().describe("The primary of its shard"),
  node_id: z.string().nullable(),
  fell_back_to_primary: z.boolean(),
  lag_bytes: z.int().nullable(),
  lag_seconds: z.int().nullable(),
  method: z.enum(METHODS),
  method_reason: z.string(),
});
export type Source = z.infer<typeof sourceSchema>;

export const sourcesSchema = z
  .record(z.string(), sourceSchema)
  .describe("The sources that backup.choose found, by instance");

export const limitRateSchema = z
  .int()
  .min(1)
  .nullable()
  .default(null)
  .describe("Bytes per second of all transfers of the run together");

/** An instance by its id. */
export function instanceNamed({ instances }: Deployment, id: string): Instance {
  const found = instances.find((each) => each.id === id);
  if (found) return found;
  throw new RedishaError({
    code: "INSTANCE_UNKNOWN",
    message: `redisha.yaml lists no ${id}.`,
    host: id,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha status"],
  });
}

/** Whether files of the server are read through sudo there: they belong to a user of their own. */
export function becomes({ ssh }: Host): boolean {
  return typeof ssh === "object" && ssh.become === "sudo";
}

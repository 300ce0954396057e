import { z } from "zod";
import { serviceSchema } from "../service/descriptor.ts";

/** The part of a backup that one primary gets. */
export const partSchema = z.strictObject({
  shard: z.string().describe("main, or the slots: c0-5460"),
  instance: z.string().describe("The primary that gets it"),
  replicas: z.array(z.string()).describe("Those that follow it now"),
  rebuilt: z.boolean().describe("Made from an append-only file, in a scratch server on this machine"),
  size: z.int().describe("Bytes of the snapshot; of the append-only file where it is made from one"),
  magic: z.string().nullable().describe("First letters of the snapshot"),
  format: z.int().nullable().describe("Its version"),
  seeds: z
    .boolean()
    .describe("Names the replication history it belongs to, so that replicas that load it need no full sync"),
  used_memory: z.int().describe("Bytes that the data took in memory where it was saved"),
  keys: z.int().nullable(),
  modules: z.array(z.string()),
  arch_bits: z.int(),
  databases: z.int().describe("The highest number of a database that holds keys, plus one; 0 where that is not known"),
});
export type Part = z.infer<typeof partSchema>;

export const partsSchema = z.record(z.string(), partSchema).describe("What each primary gets, by its id");

/** What a server is like before anything is changed. */
export const lookedSchema = z.strictObject({
  role: z.string(),
  engine: z.string(),
  version: z.string(),
  arch_bits: z.int(),
  modules: z
    .array(z.string())
    .nullable()
    .describe("Null for a server that does not run: what it will load is not known"),
  databases: z.int(),
  used_memory: z.int(),
  maxmemory: z.int(),
  dir: z.string(),
  dbfilename: z.string(),
  appendonly: z.boolean(),
  appendfilename: z.string(),
  appenddirname: z.string().nullable().describe("Null before 7.0"),
  save_points: z.string(),
  free: z.int().describe("Bytes free where its data lies"),
  memory_available: z.int().describe("Bytes that the host could give without swapping"),
  service: serviceSchema,
});
export type Looked = z.infer<typeof lookedSchema>;

/** `steps.<id>.hosts` of a step that looked at each instance. */
export const lookedByInstanceSchema = z
  .record(z.string(), z.looseObject({ outputs: z.unknown() }))
  .transform((hosts) => {
    const found = Object.entries(hosts).map(([id, { outputs }]) => [id, lookedSchema.parse(outputs)] as const);
    return Object.fromEntries(found);
  })
  .describe("steps.<id>.hosts of restore.look");

/** Where the instance of a step keeps its data: the rest of what was seen of it is left out. */
export const placeSchema = z.object(
  lookedSchema.pick({ dir: true, dbfilename: true, appendonly: true, appendfilename: true, appenddirname: true }).shape,
);

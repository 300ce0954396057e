import { z } from "zod";

/** The version of the envelope and of every result in it: it rises when a key changes its meaning or goes away. */
const SCHEMA_VERSION = 1;

const positionSchema = z.strictObject({
  file: z.string(),
  line: z.int().describe("Counted from 1"),
  column: z.int().describe("Counted from 1"),
});

export const errorSchema = z.strictObject({
  code: z.string().describe("Stable upper-case name, e.g. SSH_HOST_KEY_CHANGED"),
  message: z.string(),
  host: z.string().nullable().describe("Host or instance it happened on"),
  state: z.string().nullable().describe("What state things are in now"),
  next: z.array(z.string()).describe("What to type or to look at next, most useful first"),
  position: positionSchema.nullable(),
  problems: z
    .array(
      z.strictObject({ code: z.string(), message: z.string(), position: positionSchema, hint: z.string().nullable() }),
    )
    .describe("Everything that is wrong with a file; empty for other errors"),
  debug_log: z.string().nullable().describe("Where the details of an unexpected error were written"),
});

const lineType = z.literal("result").optional().describe("Only in JSON lines, to tell this last line from events");

/** What every command prints with `--json`: one document, also when it fails. */
export const envelopeSchema = z.discriminatedUnion("ok", [
  z.strictObject({
    type: lineType,
    schema_version: z.literal(SCHEMA_VERSION),
    command: z.string().describe("The command's words, e.g. `runbook show`"),
    ok: z.literal(true),
    exit: z.int().describe("Exit status of the process"),
    result: z.unknown(),
    warnings: z.array(z.string()),
  }),
  z.strictObject({
    type: lineType,
    schema_version: z.literal(SCHEMA_VERSION),
    command: z.string(),
    ok: z.literal(false),
    exit: z.int(),
    result: z
      .unknown()
      .optional()
      .describe("What was found all the same, e.g. the topology of an unhealthy deployment"),
    error: errorSchema.nullable().describe("Null where the command did its work and the answer is bad news"),
    warnings: z.array(z.string()),
  }),
]);

export type Envelope = z.infer<typeof envelopeSchema>;
export type ErrorJson = z.infer<typeof errorSchema>;

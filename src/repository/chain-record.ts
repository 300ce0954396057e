import { createHash } from "node:crypto";
import { type ZodType, z } from "zod";
import { messageOf } from "../core/errors.ts";
import { type Parsed, parseJson, toJson } from "./small-object.ts";

const sealed = z.object({ sha256: z.string(), record: z.unknown() });

/**
 * A record of a followed file with a digest of what it says and of the place where it stands: one that was damaged, or that
 * belongs to another file, proves nothing of this one.
 */
export function printRecord(key: string, record: unknown): Buffer {
  return toJson({ sha256: digestOf(key, record), record });
}

/** What a record says, or why it cannot be relied on. */
export function parseRecord<T>(key: string, content: Buffer, schema: ZodType<T>): Parsed<T> {
  const outer = parseJson(content, sealed);
  if ("problem" in outer) return outer;
  const { sha256, record } = outer.value;
  if (digestOf(key, record) !== sha256) return { problem: "it is not what was written there" };
  try {
    return { value: schema.parse(record) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function digestOf(key: string, record: unknown): string {
  return createHash("sha256")
    .update(`${key}\n${JSON.stringify(record)}`)
    .digest("hex");
}

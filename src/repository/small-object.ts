import type { ZodType } from "zod";
import { messageOf } from "../core/errors.ts";
import type { Store } from "./store.ts";

/** No manifest is larger: one of a Cluster of a thousand shards has some 3 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

/** All of a small object. Fails with OBJECT_MISSING. */
export async function readSmall(store: Store, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of await store.get(key)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`${key} is too large to be one of ours`);
  }
  return Buffer.concat(chunks);
}

/** JSON for people too. */
export function toJson(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** What a small object says, or why it says nothing that could be used. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export function parseJson<T>(content: Buffer, schema: ZodType<T>): Parsed<T> {
  try {
    const result = schema.safeParse(JSON.parse(content.toString("utf8")));
    if (result.success) return { value: result.data };
    const issue = result.error.issues[0];
    return { problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}` };
  } catch (error) {
    return { problem: `it is no JSON (${messageOf(error)})` };
  }
}

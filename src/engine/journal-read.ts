import { createHash } from "node:crypto";
import { type JournalLine, lineSchema } from "./journal-entry.ts";

/** A journal as read: every line that hangs together, and where the chain breaks. */
export interface ReadJournal {
  readonly lines: readonly JournalLine[];
  /** SHA-256 of the last whole line; empty for an empty file. */
  readonly lastDigest: string;
  /** Bytes of the whole lines. */
  readonly wholeBytes: number;
  /** Bytes after the last line end: a line that a crash cut short. */
  readonly tornBytes: number;
  /** The first line, counted from 1, that is not what was written. */
  readonly broken?: { readonly line: number; readonly why: string };
}

/**
 * Reads a journal and checks its chain. A tampered, missing or swapped line is found by the digest that the next one
 * carries. What was cut off at the end cannot be seen from the file alone.
 */
export function readJournal(bytes: Buffer, path: string): ReadJournal {
  const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
  const texts = bytes.subarray(0, wholeBytes).toString("utf8").split("\n").slice(0, -1);
  const lines: JournalLine[] = [];
  let digest = "";
  for (const [index, text] of texts.entries()) {
    const line = parse(text);
    const why = line === undefined ? "is not a journal line" : chainFault(line, index, digest);
    if (line === undefined || why !== undefined) {
      return {
        lines,
        lastDigest: digest,
        wholeBytes,
        tornBytes: bytes.length - wholeBytes,
        broken: { line: index + 1, why: why ?? `of ${path} is not a journal line` },
      };
    }
    lines.push(line);
    digest = createHash("sha256").update(text).digest("hex");
  }
  return { lines, lastDigest: digest, wholeBytes, tornBytes: bytes.length - wholeBytes };
}

function parse(text: string): JournalLine | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function chainFault(line: JournalLine, index: number, digest: string): string | undefined {
  if (line.seq !== index + 1) return `is number ${line.seq} where ${index + 1} belongs: a line is missing or doubled`;
  if (line.prev !== digest) return "does not carry the digest of the line before: one of the two was changed";
  return undefined;
}

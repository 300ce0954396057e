import type { RdbHeader } from "./rdb-header.ts";

/** A file as `stat` shows it: the three change with every save. */
export interface FileMark {
  readonly inode: string;
  /** Seconds and nanoseconds, as text: more digits than a number holds. */
  readonly modified: string;
  readonly size: number;
}

export interface SaveFacts {
  readonly before: FileMark | undefined;
  readonly after: FileMark | undefined;
  /** The child is gone, and what the server says of it. */
  readonly saving: boolean;
  readonly statusOk: boolean;
  /** The server's clock before BGSAVE, in whole seconds. */
  readonly askedAt: number;
  readonly header: RdbHeader | undefined;
}

export type SaveVerdict =
  | { readonly kind: "proved" }
  /** The child was ended by the server itself, which says nothing of it: to be asked for again. */
  | { readonly kind: "again"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

/**
 * Whether the file is that of the save that was asked for. `rdb_last_bgsave_status` stays `ok` when the server ends its own
 * child (FLUSHALL, a full resynchronisation), LASTSAVE counts whole seconds, and `rdb_saves` counts starts: only the file
 * itself tells. It must be another one than before, and its own header must not be older than the request.
 */
export function judgeSave({ before, after, saving, statusOk, askedAt, header }: SaveFacts): SaveVerdict {
  if (saving) return { kind: "again", why: "a child is still saving" };
  if (!statusOk) return { kind: "failed", why: "the server says that its last save failed" };
  if (!after) return { kind: "again", why: "there is no file" };
  if (before && before.inode === after.inode && before.modified === after.modified) {
    return { kind: "again", why: "the file is still the one from before: the server ended its child" };
  }
  if (!header) return { kind: "failed", why: "the file does not begin as an RDB file does" };
  const created = Number(header.aux.ctime ?? Number.NaN);
  if (!Number.isFinite(created)) return { kind: "failed", why: "the file does not say when it was begun" };
  if (created < askedAt) return { kind: "again", why: "the file was begun before it was asked for" };
  return { kind: "proved" };
}

/** Reads a line of `stat -c '%i %.9Y %s'`; undefined for `absent`. */
export function readMark(line: string): FileMark | undefined {
  const match = /^(\d+) (\d+[.,]?\d*) (\d+)$/.exec(line.trim());
  if (!match?.[1] || !match[2] || match[3] === undefined) return undefined;
  return { inode: match[1], modified: match[2], size: Number(match[3]) };
}

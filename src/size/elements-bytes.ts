import { allocated, allocatedText, textBytes } from "./allocated.ts";
import type { KeyShape } from "./key-bytes.ts";
import { type Layout, tableBytes } from "./layout.ts";

/** By default of every version: a collection is one piece of memory up to so many elements of so many bytes. */
const FEW = { hash: 512, set: 128, zset: 128 } as const;
const SHORT = 64;

/** A list is a chain of pieces of at most 8 KiB (list-max-listpack-size -2). */
const LIST_PIECE = 8_192;

/** What a score takes beside its member. */
const SCORE = 7;

const ENTRY = allocated(24);
const TABLE_HEAD = 112;
/** A sorted set of many has the tallest possible node at its head. */
const SKIPLIST_HEAD = 690;
const SKIPLIST_NODE = 54;

/** Bytes of all elements of one collection, however it keeps them. */
export function elementsBytes(shape: KeyShape, layout: Layout): number {
  const { type, elements, valueBytes: value, fieldBytes: field } = shape;
  if (type === "list") return listBytes(elements * packed(value), layout);
  const isSmall = type !== "string" && elements <= FEW[type] && Math.max(value, type === "hash" ? field : 0) <= SHORT;
  const table = tableBytes(elements, layout);
  switch (type) {
    case "hash": {
      if (isSmall) return pieceOf(elements * (packed(field) + packed(value)));
      const apart = ENTRY + allocatedText(field) + allocatedText(value);
      const joined = allocated(textBytes(field) + 1 + textBytes(value) + 2);
      return TABLE_HEAD + elements * ((layout.valkey ? joined : apart) + table);
    }
    case "set": {
      if (isSmall && layout.compactSets) return pieceOf(elements * packed(value));
      const entry = layout.valkey ? 0 : layout.compactSets ? 5 : ENTRY;
      return TABLE_HEAD + elements * (entry + allocatedText(value) + table);
    }
    case "zset": {
      if (isSmall) return pieceOf(elements * (packed(value) + SCORE));
      const node = layout.valuesInKeys
        ? allocated(36 + textBytes(value)) + 5
        : SKIPLIST_NODE + allocatedText(value) + (layout.valkey ? 0 : ENTRY);
      return TABLE_HEAD + SKIPLIST_HEAD + elements * (node + table);
    }
    default:
      return 0;
  }
}

/** An element in one piece of memory with others: its length before it, and behind it once more (listpack.c). */
function packed(bytes: number): number {
  const head = bytes < 64 ? 1 : bytes < 4_096 ? 2 : 5;
  return head + bytes + (head + bytes < 128 ? 1 : 2);
}

function pieceOf(bytes: number): number {
  return allocated(7 + bytes);
}

function listBytes(bytes: number, layout: Layout): number {
  if (layout.compactSets && bytes <= LIST_PIECE) return pieceOf(bytes);
  const full = Math.floor(bytes / LIST_PIECE);
  const rest = bytes - full * LIST_PIECE;
  return 48 + full * (32 + LIST_PIECE) + (rest > 0 ? 32 + pieceOf(rest) : 0);
}

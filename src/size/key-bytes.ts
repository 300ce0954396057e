import { allocated, allocatedText, textBytes } from "./allocated.ts";
import { elementsBytes } from "./elements-bytes.ts";
import { type Layout, tableBytes } from "./layout.ts";

/** What keys are like. Sizes in bytes. */
export interface KeyShape {
  readonly type: "string" | "hash" | "list" | "set" | "zset";
  /** How many there are in one server. */
  readonly keys: number;
  readonly keyBytes: number;
  /** Of a string: the value; of the others: one element, of a hash the value of a field. */
  readonly valueBytes: number;
  /** Elements of what is no string. */
  readonly elements: number;
  /** Of a hash: the name of a field. */
  readonly fieldBytes: number;
  /** Share of keys that expire, 0 to 1. */
  readonly expiring: number;
}

const OBJECT = 16;

/** An entry of a table of Redis: key, value and next. */
const ENTRY = allocated(24);

/**
 * Bytes of memory that one such key takes, table and expiry included; what a server takes besides its keys is not in it.
 * By the sources of each engine, and held against real servers: within 15 %.
 */
export function keyBytes(shape: KeyShape, layout: Layout): number {
  const { keys, expiring, type } = shape;
  const table = tableBytes(keys, layout);
  const expiry = tableBytes(keys * expiring, layout) + (layout.valkey ? 0 : ENTRY);
  const inside =
    type === "string" ? keyAndValue(shape, layout) : keyAlone(shape, layout) + elementsBytes(shape, layout);
  return inside + table + expiring * expiry;
}

function keyAndValue(shape: KeyShape, layout: Layout): number {
  const { keyBytes: key, valueBytes: value } = shape;
  if (layout.valuesInKeys) {
    const joined = 9 + textBytes(key) + 3 + value + 1;
    return joined <= 128 ? allocated(joined) : keyAlone(shape, layout) + allocatedText(value);
  }
  if (value > 44) return keyAlone(shape, layout) + allocatedText(value);
  const short = 3 + value + 1;
  return layout.valkey ? allocated(keyHead(shape) + short) : ENTRY + allocatedText(key) + allocated(OBJECT + short);
}

/** The key, and the object that its value hangs on. */
function keyAlone(shape: KeyShape, layout: Layout): number {
  if (layout.valuesInKeys) return allocated(OBJECT + 1 + textBytes(shape.keyBytes));
  if (layout.valkey) return allocated(keyHead(shape));
  return ENTRY + allocatedText(shape.keyBytes) + OBJECT;
}

/** Valkey 8.1: the key stands behind the object, with a header of three bytes even where it is short. */
function keyHead({ keyBytes }: KeyShape): number {
  return OBJECT + 1 + Math.max(3 + keyBytes + 1, textBytes(keyBytes));
}

const MIB = 1024 * 1024;
/** Of S3; other servers have the same. */
const MOST_PARTS = 10_000;
const SMALLEST = 8 * MIB;
const LARGEST = 5 * 1024 * MIB;
/** Where nothing is known of the size: good for 625 GiB. */
const UNKNOWN = 64 * MIB;

/**
 * Bytes per part of an upload: twice the estimate still fits into the parts that there may be. All parts are of one size,
 * because some servers want that. A multiple of 1 MiB.
 */
export function partSize(estimate: number | undefined): number {
  if (estimate === undefined) return UNKNOWN;
  const needed = Math.ceil((2 * estimate) / MOST_PARTS / MIB) * MIB;
  return Math.min(LARGEST, Math.max(SMALLEST, needed));
}

export function fitsParts(parts: number): boolean {
  return parts <= MOST_PARTS;
}

/** Of all parts under way together; a part that is larger goes alone. */
const MOST_UNDERWAY = 32 * MIB;

/** Parts of a size to send side by side: each is held in memory until it has arrived. */
export function partsAtOnce(size: number): number {
  return Math.max(1, Math.floor(MOST_UNDERWAY / size));
}

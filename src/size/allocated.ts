/**
 * What jemalloc hands out for so many bytes: 8, then every multiple of 16 up to 128, then four sizes between a power of two
 * and the next (jemalloc's size classes with a quantum of 16, as distributions build it; the copy that Redis brings along
 * has 24, 40, 56 … besides, and takes up to 8 bytes less).
 */
export function allocated(bytes: number): number {
  if (bytes <= 8) return 8;
  if (bytes <= 128) return Math.ceil(bytes / 16) * 16;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** A string as Redis keeps it by itself: its length, its bytes, a closing zero. */
export function allocatedText(bytes: number): number {
  return allocated(textBytes(bytes));
}

/** The same, before it is rounded (sds.c: one byte of header up to 31 bytes, three up to 255, five up to 64 KiB). */
export function textBytes(bytes: number): number {
  const header = bytes < 32 ? 1 : bytes < 256 ? 3 : bytes < 65_536 ? 5 : 9;
  return header + bytes + 1;
}

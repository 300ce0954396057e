import type { Readable } from "node:stream";

/**
 * A stream in pieces of one size; only the last is smaller, and it is empty where nothing came at all. Pieces are filled into
 * `spare` buffers of that size as long as there are any: put one there once nobody reads it any more.
 */
export async function* partsOf(
  source: Readable,
  size: number,
  spare: Buffer[] = [],
): AsyncGenerator<{ content: Buffer; last: boolean }> {
  let part = spare.pop() ?? Buffer.allocUnsafeSlow(size);
  let used = 0;
  for await (const chunk of source) {
    const bytes: Buffer = chunk;
    let at = 0;
    while (at < bytes.length) {
      if (used === size) {
        yield { content: part, last: false };
        part = spare.pop() ?? Buffer.allocUnsafeSlow(size);
        used = 0;
      }
      const taken = Math.min(size - used, bytes.length - at);
      bytes.copy(part, used, at, at + taken);
      used += taken;
      at += taken;
    }
  }
  yield { content: part.subarray(0, used), last: true };
}

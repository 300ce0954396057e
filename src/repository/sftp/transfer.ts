import { Readable } from "node:stream";
import type { SftpSession } from "./session.ts";

/** Requests under way at once, and bytes of each: enough to fill a line of 1 Gbit/s over 30 ms. */
const AT_ONCE = 32;
const PIECE = 128 * 1024;

/** Writes a stream to an open file; many requests are under way at once. Returns how many bytes there were. */
export async function writeAll(session: SftpSession, handle: Buffer, source: AsyncIterable<Buffer>): Promise<number> {
  const underway = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  let at = 0;
  try {
    for await (const chunk of source) {
      const writing = session.write(handle, chunk, at).catch((error: unknown) => {
        failed ??= { error };
      });
      underway.add(writing);
      void writing.then(() => underway.delete(writing));
      at += chunk.length;
      while (underway.size >= AT_ONCE) await Promise.race(underway);
      if (failed) break;
    }
  } finally {
    await Promise.all(underway);
  }
  if (failed) throw failed.error;
  return at;
}

/** `length` bytes of a file from `offset` on, many requests ahead. Fails where the file ends before. */
export function readAll(
  session: SftpSession,
  handle: Buffer,
  { offset, length }: { readonly offset: number; readonly length: number },
  explain: (error: unknown) => Promise<Error>,
): Readable {
  async function* bytes(): AsyncGenerator<Buffer> {
    const end = offset + length;
    const ahead: Promise<Buffer>[] = [];
    let asked = offset;
    try {
      while (asked < end || ahead.length > 0) {
        while (asked < end && ahead.length < AT_ONCE) {
          const reading = whole(session, handle, asked, Math.min(PIECE, end - asked));
          reading.catch(() => undefined);
          ahead.push(reading);
          asked = Math.min(end, asked + PIECE);
        }
        const next = await ahead.shift();
        if (next) yield next;
      }
    } catch (error) {
      throw await explain(error);
    } finally {
      await Promise.allSettled(ahead);
      await session.closeHandle(handle).catch(() => undefined);
    }
  }
  return Readable.from(bytes(), { objectMode: false, highWaterMark: 4 * PIECE });
}

/** Servers may answer with less than was asked for. */
async function whole(session: SftpSession, handle: Buffer, position: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let got = 0; got < length; ) {
    const part = await session.read(handle, position + got, length - got);
    if (part.length === 0) throw new Error("the file became shorter while it was read");
    parts.push(part);
    got += part.length;
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

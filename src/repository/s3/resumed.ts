import { Readable } from "node:stream";
import { RedishaError } from "../../core/errors.ts";

interface Answer {
  readonly body: Readable;
  readonly etag: string | undefined;
  /** Bytes of the body. */
  readonly size: number | undefined;
}

/** How often in a row an answer may break off without having brought a byte. */
const PATIENCE = 3;

/**
 * A stream of an object that goes on where an answer broke off, from the same version of it. The first request is made
 * before it returns, so that an object that is missing is told here.
 */
export async function resumed(
  open: (from: number, etag?: string) => Promise<Answer>,
  offset: number,
  explain: (error: unknown) => Error,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const first = await open(offset);
  async function* bytes(): AsyncGenerator<Buffer> {
    let answer = first;
    let at = offset;
    let failures = 0;
    const end = first.size === undefined ? undefined : offset + first.size;
    try {
      for (;;) {
        try {
          for await (const chunk of answer.body) {
            const piece: Buffer = chunk;
            at += piece.length;
            failures = 0;
            yield piece;
          }
          if (end === undefined || at >= end) return;
          throw Object.assign(new Error("the answer ended early"), { code: "ECONNRESET" });
        } catch (error) {
          if (signal?.aborted) throw signal.reason;
          failures += 1;
          if (failures > PATIENCE || error instanceof RedishaError) throw explain(error);
          answer = await open(at, first.etag);
        }
      }
    } finally {
      answer.body.destroy();
    }
  }
  return Readable.from(bytes(), { objectMode: false, highWaterMark: 1024 * 1024 });
}

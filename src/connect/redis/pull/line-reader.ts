import type { Duplex } from "node:stream";
import { RedishaError } from "../../../core/errors.ts";

/** No line of the handshake is longer: an error, or the head of a snapshot. */
const LONGEST_LINE = 64 * 1024;

/** Reads lines from a connection, and then gives back what came behind them: a snapshot is not made of lines. */
export class LineReader {
  readonly #stream: Duplex;
  readonly #instance: string;
  #buffered: Buffer = Buffer.alloc(0);

  constructor(stream: Duplex, instance: string) {
    this.#stream = stream;
    this.#instance = instance;
  }

  /** The next line, without its end. Fails with REDIS_CLOSED where the server closes first. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffered.indexOf(10);
      if (end !== -1) {
        const line = this.#buffered.subarray(0, end).toString("latin1").replace(/\r$/, "");
        this.#buffered = this.#buffered.subarray(end + 1);
        return line;
      }
      if (this.#buffered.length > LONGEST_LINE) throw closed(this.#instance, "it sent something that is no reply");
      this.#buffered = Buffer.concat([this.#buffered, await this.#chunk()]);
    }
  }

  /** What was read beyond the last line. Later bytes come from the stream itself. */
  rest(): Buffer {
    const rest = this.#buffered;
    this.#buffered = Buffer.alloc(0);
    return rest;
  }

  #chunk(): Promise<Buffer> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const look = () => {
        const chunk: unknown = stream.read();
        if (Buffer.isBuffer(chunk)) settle(() => resolve(chunk));
      };
      const ended = () => settle(() => reject(closed(this.#instance, "it closed the connection")));
      const failed = (error: Error) => settle(() => reject(closed(this.#instance, error.message)));
      const settle = (act: () => void) => {
        stream.off("readable", look).off("end", ended).off("close", ended).off("error", failed);
        act();
      };
      stream.on("readable", look).on("end", ended).on("close", ended).on("error", failed);
      if (stream.destroyed || stream.readableEnded) ended();
      else look();
    });
  }
}

export function closed(instance: string, why: string): RedishaError {
  return new RedishaError({
    code: "SNAPSHOT_BROKEN_OFF",
    message: `${instance} broke off its snapshot: ${why}.`,
    host: instance,
    state: "what came so far is of no use and was not kept",
    next: [
      "client-output-buffer-limit of that server, and its log, say why",
      "redisha status: is it being synchronised itself?",
    ],
  });
}

import { Crc64 } from "./crc64.ts";
import { HEADER_BYTES, type RdbHeader, readRdbHeader } from "./rdb-header.ts";

/** What the bytes of an RDB file tell without reading its keys. */
export interface RdbScan {
  readonly size: number;
  readonly header: RdbHeader | undefined;
  /** `match`, `mismatch`, or `off` where the server was told to write none: damage cannot be seen then. */
  readonly checksum: "match" | "mismatch" | "off";
  /** The end-of-file opcode stands where the checksum begins. */
  readonly ended: boolean;
}

/** Opcode 0xFF and eight bytes of checksum. */
const TRAILER_BYTES = 9;

/**
 * Looks at an RDB file as it streams by: its head, its end, its checksum. redis-check-rdb stops at the first end that it
 * finds and is content with whatever stands behind it; here the end of the file must be the end of the data.
 */
export class RdbScanner {
  readonly #crc = new Crc64();
  #head: Buffer = Buffer.alloc(0);
  /** The last bytes so far, which count only once it is known that more follow. */
  #tail: Buffer = Buffer.alloc(0);
  #size = 0;

  update(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#head.length < HEADER_BYTES) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEADER_BYTES - this.#head.length)]);
    }
    // The opcode is part of what the checksum is of; the checksum is not.
    const keep = TRAILER_BYTES - 1;
    if (chunk.length >= keep) {
      this.#crc.update(this.#tail).update(chunk.subarray(0, chunk.length - keep));
      this.#last = chunk.length > keep ? chunk[chunk.length - keep - 1] : (this.#tail.at(-1) ?? this.#last);
      this.#tail = Buffer.from(chunk.subarray(chunk.length - keep));
      return;
    }
    const both = Buffer.concat([this.#tail, chunk]);
    const over = Math.max(0, both.length - keep);
    this.#crc.update(both.subarray(0, over));
    this.#last = over > 0 ? both[over - 1] : this.#last;
    this.#tail = both.subarray(over);
  }

  /** The byte before the tail. */
  #last: number | undefined;

  finish(): RdbScan {
    const header = readRdbHeader(this.#head);
    const written = this.#tail;
    const off = written.length === 8 && written.every((byte) => byte === 0);
    const checksum = off ? "off" : this.#crc.digest().equals(written) ? "match" : "mismatch";
    return { size: this.#size, header, checksum, ended: this.#last === 0xff };
  }
}

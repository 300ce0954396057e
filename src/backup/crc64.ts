/**
 * CRC-64 as RDB files have it: the Jones polynomial 0xad93d23594c935a9, reflected, begun with 0. In two halves of 32 bits,
 * because JavaScript counts exactly only to 2^53 and BigInt is thirty times slower; four bytes at a time (slicing).
 */
const REFLECTED = { high: 0x95ac9329, low: 0xac4bc9b5 };

const tables = makeTables();

/** A running checksum over any number of chunks. */
export class Crc64 {
  #high = 0;
  #low = 0;

  update(chunk: Uint8Array): this {
    let high = this.#high;
    let low = this.#low;
    const { lows, highs } = tables;
    const whole = chunk.length - (chunk.length % 4);
    let i = 0;
    for (; i < whole; i += 4) {
      const a = 768 + ((low ^ at(chunk, i)) & 0xff);
      const b = 512 + (((low >>> 8) ^ at(chunk, i + 1)) & 0xff);
      const c = 256 + (((low >>> 16) ^ at(chunk, i + 2)) & 0xff);
      const d = ((low >>> 24) ^ at(chunk, i + 3)) & 0xff;
      low = high ^ at(lows, a) ^ at(lows, b) ^ at(lows, c) ^ at(lows, d);
      high = at(highs, a) ^ at(highs, b) ^ at(highs, c) ^ at(highs, d);
    }
    for (; i < chunk.length; i += 1) {
      const entry = (low ^ at(chunk, i)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ at(lows, entry);
      high = (high >>> 8) ^ at(highs, entry);
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** The eight bytes that stand at the end of an RDB file: little endian. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(this.#low, 0);
    bytes.writeInt32LE(this.#high, 4);
    return bytes;
  }
}

/** Every index here is below the length: what is undefined to the compiler is never there. */
function at(list: Uint8Array | Int32Array, index: number): number {
  return list[index] ?? 0;
}

/** Four tables of 256 entries, one behind the other: what a byte does that is 0, 1, 2 or 3 bytes from the end. */
function makeTables(): { lows: Int32Array; highs: Int32Array } {
  const lows = new Int32Array(1024);
  const highs = new Int32Array(1024);
  for (let byte = 0; byte < 256; byte += 1) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry) {
        low ^= REFLECTED.low;
        high ^= REFLECTED.high;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let entry = 256; entry < 1024; entry += 1) {
    const [low, high] = [at(lows, entry - 256), at(highs, entry - 256)];
    lows[entry] = ((low >>> 8) | (high << 24)) ^ at(lows, low & 0xff);
    highs[entry] = (high >>> 8) ^ at(highs, low & 0xff);
  }
  return { lows, highs };
}

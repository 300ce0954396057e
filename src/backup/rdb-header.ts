/** What the head of an RDB file says of itself. */
export interface RdbHeader {
  /** `REDIS`, or `VALKEY` from Valkey 9 on. */
  readonly magic: string;
  readonly version: number;
  /** Auxiliary fields: `redis-ver`, `valkey-ver`, `ctime`, `repl-id`, `repl-offset`, `used-mem`, `aof-base`… */
  readonly aux: Readonly<Record<string, string>>;
  /**
   * How many keys the server says the first database has, before it writes them; zeros for a file without one. Absent where
   * something long stands before it.
   */
  readonly first?: { readonly keys: number; readonly expires: number };
}

/** As much of a file as holds all of its auxiliary fields; modules may add long ones behind those that are read here. */
export const HEADER_BYTES = 4096;

const AUX = 0xfa;
const FUNCTION = 0xf5;
const SELECT_DATABASE = 0xfe;
const DATABASE_SIZE = 0xfb;
const END = 0xff;

/**
 * Reads magic, version and auxiliary fields from the first bytes of a file. Undefined where it is no RDB file. Fields that
 * are not whole within `bytes`, and everything behind them, are left out.
 *
 * The format: nine bytes of magic and version, then opcodes; 0xFA is followed by two strings. A string is a length and its
 * bytes, or an integer of 1, 2 or 4 bytes (first byte 0xC0, 0xC1, 0xC2). ctime is such an integer until 2038.
 */
export function readRdbHeader(bytes: Buffer): RdbHeader | undefined {
  const match = /^(REDIS|VALKEY)(\d{4}|\d{3})/.exec(bytes.subarray(0, 9).toString("latin1"));
  if (!match?.[1] || !match[2] || match[0].length !== 9) return undefined;
  const aux: Record<string, string> = {};
  const cursor = new Cursor(bytes, 9);
  let opcode = cursor.byte();
  for (; opcode === AUX; opcode = cursor.byte()) {
    const name = cursor.string();
    const value = cursor.string();
    if (name === undefined || value === undefined) return { magic: match[1], version: Number(match[2]), aux };
    aux[name] = value;
  }
  while (opcode === FUNCTION && cursor.string() !== undefined) opcode = cursor.byte();
  const first = firstDatabase(opcode, cursor);
  return { magic: match[1], version: Number(match[2]), aux, ...(first ? { first } : {}) };
}

/** The number of the database, the opcode of its size, keys, and how many of them expire. */
function firstDatabase(opcode: number | undefined, cursor: Cursor): RdbHeader["first"] {
  if (opcode === END) return { keys: 0, expires: 0 };
  if (opcode !== SELECT_DATABASE || cursor.length() === undefined || cursor.byte() !== DATABASE_SIZE) return undefined;
  const keys = cursor.length();
  const expires = cursor.length();
  return keys === undefined || expires === undefined ? undefined : { keys, expires };
}

/** Reads onwards; undefined once there is not enough left, or what is there is no plain string. */
class Cursor {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++];
  }

  /** 6, 14, 32 or 64 bits, as its first two bits say. */
  length(): number | undefined {
    const first = this.byte();
    if (first === undefined) return undefined;
    const kind = first >> 6;
    if (kind === 0) return first & 0x3f;
    if (kind === 1) {
      const second = this.byte();
      return second === undefined ? undefined : ((first & 0x3f) << 8) | second;
    }
    if (first === 0x80) return this.#take(4)?.readUInt32BE(0);
    if (first === 0x81) return Number(this.#take(8)?.readBigUInt64BE(0) ?? Number.NaN);
    return undefined;
  }

  string(): string | undefined {
    const first = this.#bytes[this.#at];
    if (first === undefined) return undefined;
    if (first < 0xc0) return this.#text(this.length());
    this.#at += 1;
    if (first === 0xc0) return this.#take(1)?.readInt8(0).toString();
    if (first === 0xc1) return this.#take(2)?.readInt16LE(0).toString();
    if (first === 0xc2) return this.#take(4)?.readInt32LE(0).toString();
    return undefined;
  }

  #text(length: number | undefined): string | undefined {
    return length === undefined ? undefined : this.#take(length)?.toString("utf8");
  }

  #take(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#bytes.length) return undefined;
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

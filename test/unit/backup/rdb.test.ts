import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCheckReport } from "../../../src/backup/check-report.ts";
import { Crc64 } from "../../../src/backup/crc64.ts";
import { readRdbHeader } from "../../../src/backup/rdb-header.ts";
import { RdbScanner } from "../../../src/backup/rdb-scan.ts";

const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);

/** An RDB file with two fields and this body. */
function rdb(body = Buffer.alloc(0), magic = "REDIS0010"): Buffer {
  const ctime = Buffer.from([0xc2, 0, 0, 0, 0]);
  ctime.writeInt32LE(1_795_237_270, 1);
  const head = [
    Buffer.from(magic),
    Buffer.from([0xfa]),
    text("redis-ver"),
    text("7.0.15"),
    Buffer.from([0xfa]),
    text("ctime"),
    ctime,
  ];
  const data = Buffer.concat([...head, body, Buffer.from([0xff])]);
  return Buffer.concat([data, new Crc64().update(data).digest()]);
}

function scan(file: Buffer, size: number) {
  const scanner = new RdbScanner();
  for (let at = 0; at < file.length; at += size) scanner.update(file.subarray(at, at + size));
  return scanner.finish();
}

/** A length as Redis writes it: 6 bits, 14 bits, 32 or 64. */
function length(value: number): Buffer {
  if (value < 64) return Buffer.from([value]);
  if (value < 16_384) return Buffer.from([0x40 | (value >> 8), value & 0xff]);
  const wide = Buffer.alloc(value <= 0xffffffff ? 5 : 9);
  wide[0] = wide.length === 5 ? 0x80 : 0x81;
  if (wide.length === 5) wide.writeUInt32BE(value, 1);
  else wide.writeBigUInt64BE(BigInt(value), 1);
  return wide;
}

describe("the number of keys in the head of an RDB file", () => {
  it("is that of the first database, however many and whatever functions stand before it", () => {
    const count = fc.integer({ min: 0, max: 2 ** 40 });
    const code = fc.array(fc.string({ minLength: 1, maxLength: 10, unit: "grapheme-ascii" }), { maxLength: 3 });
    fc.assert(
      fc.property(count, count, fc.nat(15), code, (keys, expires, database, functions) => {
        const before = functions.flatMap((each) => [Buffer.from([0xf5]), text(each)]);
        const sizes = [Buffer.from([0xfe]), length(database), Buffer.from([0xfb]), length(keys), length(expires)];
        expect(readRdbHeader(rdb(Buffer.concat([...before, ...sizes])))?.first).toEqual({ keys, expires });
      }),
    );
  });

  it("is nought in a file without a database, and unknown where something else comes first", () => {
    expect(readRdbHeader(rdb())?.first).toEqual({ keys: 0, expires: 0 });
    expect(readRdbHeader(rdb(Buffer.from([0xf7, 1, 2, 3])))?.first).toBeUndefined();
    expect(readRdbHeader(rdb().subarray(0, -9))?.first).toBeUndefined();
  });
});

describe("an RDB file as it streams by", () => {
  it("has the checksum of Redis: that of 123456789 is known", () => {
    expect(new Crc64().update(Buffer.from("123456789")).digest().readBigUInt64LE().toString(16)).toBe(
      "e9c6d914c4b8d9ca",
    );
  });

  it("is the same in whichever pieces it comes", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (body, size) => {
      const file = rdb(Buffer.from(body));
      expect(scan(file, size)).toEqual(scan(file, file.length));
      expect(scan(file, size)).toMatchObject({ size: file.length, checksum: "match", ended: true });
    });
    fc.assert(property);
  });

  it("is found to be damaged by every single bit, and by every missing byte at the end", () => {
    const file = rdb(Buffer.from("some data of keys and values"));
    for (let at = 0; at < file.length * 8; at += 1) {
      const bad = Buffer.from(file);
      bad[at >> 3] = (bad[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(scan(bad, 11).checksum).not.toBe("match");
    }
    for (let length = 9; length < file.length; length += 1)
      expect(scan(file.subarray(0, length), 11).checksum).not.toBe("match");
  });

  it("does not end where something stands behind its end", () => {
    expect(scan(Buffer.concat([rdb(), Buffer.from("garbage")]), 7)).toMatchObject({ checksum: "mismatch" });
  });

  it("says its version under both names, and when it was begun", () => {
    expect(readRdbHeader(rdb())).toMatchObject({
      magic: "REDIS",
      version: 10,
      aux: { "redis-ver": "7.0.15", ctime: "1795237270" },
    });
    expect(readRdbHeader(rdb(undefined, "VALKEY080"))).toMatchObject({ magic: "VALKEY", version: 80 });
    expect(readRdbHeader(Buffer.from("not one at all"))).toBeUndefined();
  });

  it("is never read beyond what is there", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (rest) => {
        const header = readRdbHeader(Buffer.concat([Buffer.from("REDIS0010"), Buffer.from(rest)]));
        expect(header?.version).toBe(10);
      }),
    );
  });
});

describe("the report of a check", () => {
  const fine =
    "[offset 194] Checksum OK\n[offset 194] \\o/ RDB looks OK! \\o/\n[info] 300 keys read\n[info] 2 expires\n[info] 1 already expired\n";

  it("counts keys, and says where the file ended", () => {
    expect(readCheckReport(0, fine)).toEqual({
      ok: true,
      keys: 300,
      expires: 2,
      alreadyExpired: 1,
      end: 194,
      unchecked: false,
      complaint: null,
    });
  });

  it("gives the complaint in its own words, and is never good without both the status and the words", () => {
    const bad = "--- RDB ERROR DETECTED ---\n[offset 9] Can't handle RDB format version 12\n[info] 0 keys read\n";
    expect(readCheckReport(1, bad)).toMatchObject({
      ok: false,
      complaint: "[offset 9] Can't handle RDB format version 12",
    });
    expect(readCheckReport(1, fine).ok).toBe(false);
    expect(readCheckReport(0, "").ok).toBe(false);
  });
});

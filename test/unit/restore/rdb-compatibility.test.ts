import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canLoad } from "../../../src/restore/rdb-compatibility.ts";

/** Measured between servers: who loads the file of whom. */
const WRITES = {
  "redis 6.0.16": ["REDIS", 9],
  "redis 7.0.15": ["REDIS", 10],
  "redis 8.0.2": ["REDIS", 12],
  "valkey 8.1.1": ["REDIS", 11],
  "valkey 9.1.0": ["VALKEY", 80],
} as const;
const LOADS: Readonly<Record<string, readonly string[]>> = {
  "redis 6.0.16": ["redis 6.0.16"],
  "redis 7.0.15": ["redis 6.0.16", "redis 7.0.15"],
  "redis 8.0.2": ["redis 6.0.16", "redis 7.0.15", "redis 8.0.2", "valkey 8.1.1"],
  "valkey 8.1.1": ["redis 6.0.16", "redis 7.0.15", "valkey 8.1.1"],
  "valkey 9.1.0": ["redis 6.0.16", "redis 7.0.15", "valkey 8.1.1", "valkey 9.1.0"],
};

const engine = (text: string) => {
  const [name = "", version = ""] = text.split(" ");
  return { name, version };
};

describe("whether a server loads a file", () => {
  it.each(Object.keys(LOADS))("is as it was measured for %s", (reader) => {
    const loads = Object.entries(WRITES)
      .filter(([, [magic, version]]) => canLoad({ magic, version }, engine(reader)).ok)
      .map(([writer]) => writer);
    expect(loads).toEqual(LOADS[reader]);
  });

  it("says why not, in the file's own words", () => {
    expect(canLoad({ magic: "REDIS", version: 12 }, engine("valkey 9.1.0"))).toEqual({
      ok: false,
      reason: "REDIS format 12 was written by Redis 7.4 or later, which no Valkey reads",
    });
    expect(canLoad({ magic: "VALKEY", version: 80 }, engine("redis 8.0.2"))).toMatchObject({ ok: false });
    expect(canLoad({ magic: "REDIS", version: 11 }, engine("redis 7.0.15"))).toEqual({
      ok: false,
      reason: "REDIS format 11 is newer than what redis 7.0.15 reads (up to 10)",
    });
    expect(canLoad({ magic: "GZIP", version: 9 }, engine("redis 7.0.15"))).toMatchObject({ ok: false });
  });

  it("never lets a newer server refuse what an older one of its kind reads", () => {
    const redis = fc.constantFrom("5.0.7", "6.0.16", "6.2.1", "7.0.15", "7.2.4", "7.4.1", "8.0.2", "8.6.0");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), redis, redis, (version, a, b) => {
        const [older, newer] = [a, b].sort() as [string, string];
        const format = { magic: "REDIS", version };
        if (canLoad(format, { name: "redis", version: older }).ok) {
          expect(canLoad(format, { name: "redis", version: newer }).ok).toBe(true);
        }
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "../../../src/core/nearest.ts";

const KEYS = ["hosts", "redis", "sentinel", "auth", "firewall"];

describe("the nearest word", () => {
  it.each([
    ["hsots", "hosts"],
    ["host", "hosts"],
    ["REDIS", "redis"],
    ["sentinle", "sentinel"],
    ["firewalls", "firewall"],
  ])("of %s is %s", (typo, right) => {
    expect(nearest(typo, KEYS)).toBe(right);
  });

  it("is none where nothing is like it", () => {
    expect(nearest("backup", KEYS)).toBeUndefined();
  });

  it("is never a word that shares no letter with it", () => {
    expect(nearest("x", ["ab"])).toBeUndefined();
    expect(nearest("", ["a"])).toBeUndefined();
  });

  it("is the first among equals", () => {
    expect(nearest("r9", ["r1", "r2"])).toBe("r1");
  });

  it("is the word itself where it is known", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { selector: (key) => key.toLowerCase(), minLength: 1 }),
        (words) => {
          for (const word of words) expect(nearest(word, words)).toBe(word);
        },
      ),
    );
  });

  it("finds a word again after any one slip of the keyboard", () => {
    const slip = fc.record({
      word: fc.constantFrom(...KEYS),
      at: fc.nat(20),
      kind: fc.constantFrom("drop", "double", "swap"),
    });
    fc.assert(
      fc.property(slip, ({ word, at, kind }) => {
        const i = at % (word.length - 1);
        const [a = "", b = ""] = [word[i], word[i + 1]];
        const middle = { drop: b, double: a + a + b, swap: b + a }[kind];
        expect(nearest(word.slice(0, i) + middle + word.slice(i + 2), KEYS)).toBe(word);
      }),
    );
  });
});

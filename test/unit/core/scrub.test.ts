import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scrubber } from "../../../src/core/scrub.ts";
import { MASK, Secret } from "../../../src/core/secret.ts";

function knowing(...values: string[]): Scrubber {
  const scrubber = new Scrubber();
  for (const value of values) scrubber.learn(value);
  return scrubber;
}

const secret = fc
  .string({ minLength: 4, unit: "grapheme" })
  .filter((value) => value.trim() === value && !MASK.includes(value));

describe("the scrubber", () => {
  it("masks a value in whatever form it comes", () => {
    const value = `pa's"s\\w/rd+1`;
    const scrubber = knowing(value);
    const forms = [
      value,
      JSON.stringify(value),
      encodeURIComponent(value),
      Buffer.from(value).toString("base64"),
      Buffer.from(value).toString("base64url"),
      `'${value.replaceAll("'", `'\\''`)}'`,
    ];
    for (const form of forms)
      expect(scrubber.scrub(`before ${form} after`)).toMatch(/^before ["']?‹secret›=*["']? after$/);
  });

  it("masks each line of a value of several lines", () => {
    expect(knowing("first-line\r\nsecond-line").scrub("read second-line")).toBe(`read ${MASK}`);
  });

  it("masks the longer of two values that overlap", () => {
    expect(knowing("swordfish", "swordfish-2").scrub("swordfish-2")).toBe(MASK);
  });

  it("leaves values alone that are too short to tell from words", () => {
    expect(knowing("abc").scrub("abc")).toBe("abc");
  });

  it("lets no value through, wherever it stands in a text", () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        expect(knowing(value).scrub(before + value + after)).not.toContain(value);
      }),
    );
  });

  it("changes nothing more when it is used twice", () => {
    fc.assert(
      fc.property(fc.oneof(secret, fc.constant("secret")), fc.string(), (value, text) => {
        const scrubber = knowing(value);
        const once = scrubber.scrub(`${text}${value}`);
        expect(scrubber.scrub(once)).toBe(once);
      }),
    );
  });

  it("takes halves of characters for a value without failing", () => {
    expect(() => knowing("\ud800abc").scrub("text")).not.toThrow();
  });
});

describe("scrubbing data", () => {
  it("masks strings and keys at every depth", () => {
    expect(knowing("swordfish").scrubData({ a: [{ swordfish: "x swordfish y" }] })).toEqual({
      a: [{ [MASK]: `x ${MASK} y` }],
    });
  });

  it("keeps the shape of data whose numbers and words look like a secret", () => {
    expect(knowing("12345678", "true", '":"x').scrubData({ n: 12345678, b: true, s: ":" })).toEqual({
      n: 12345678,
      b: true,
      s: ":",
    });
  });

  it("keeps the shape of any data, and lets no value through", () => {
    fc.assert(
      fc.property(secret, fc.jsonValue(), (value, data) => {
        // Names are data, too: these are shorter than any secret.
        const scrubbed = knowing(value).scrubData({ it: data, is: value });
        expect(JSON.stringify(scrubbed.is)).toBe(JSON.stringify(MASK));
        expect(Array.isArray(scrubbed.it)).toBe(Array.isArray(data));
      }),
    );
  });

  it("passes nothing through as nothing", () => {
    expect(knowing("swordfish").scrubData(undefined)).toBeUndefined();
  });
});

describe("a secret", () => {
  const held = new Secret("swordfish", "env REDISHA_PASSWORD");

  it("gives its value only when asked for it by name", () => {
    expect(held.reveal()).toBe("swordfish");
    for (const shown of [`${held}`, JSON.stringify({ held }), inspect({ held }, { showHidden: true }), String(held)]) {
      expect(shown).not.toContain("swordfish");
      expect(shown).toContain(MASK);
    }
  });

  it("says where it came from", () => {
    expect(held.origin).toBe("env REDISHA_PASSWORD");
  });
});

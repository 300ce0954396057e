import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { globMatches } from "../../../src/runbook/cel-functions.ts";
import { patternProblem } from "../../../src/runbook/regex.ts";
import { splitTemplate } from "../../../src/runbook/template-text.ts";
import { compareVersions, isVersion } from "../../../src/runbook/versions.ts";
import { BACKUP, problemsOf, UPGRADE } from "./dummy-catalog.ts";

/** Line and column, from 1, of an offset in a text. */
function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

const WORDS = [
  "steps",
  "id",
  "action",
  "with",
  "targets",
  "when",
  "until",
  "inputs",
  "vars",
  "role",
  "expr",
  "that",
  "ref",
];
const WORD = fc.constantFrom(
  ...WORDS,
  "block",
  "redis.info",
  "replica",
  "host.up",
  "steps.a.ok",
  "${{ run.id }}",
  "{{ x }}",
);

describe("the reader of runbooks never throws anything but what is wrong with the file", () => {
  it("on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        problemsOf(text);
      }),
      { numRuns: 300 },
    );
  });

  it("on any data", () => {
    const key = fc.oneof(WORD, fc.string({ maxLength: 6 }));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.oneof(WORD, fc.integer(), fc.boolean(), fc.constant(null), fc.double(), fc.string()),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (data) => {
        problemsOf(stringify(data));
      }),
      { numRuns: 300 },
    );
  });

  it("on a runbook in which any part is something else", () => {
    const original: unknown = parse(UPGRADE);
    const paths: (readonly (string | number)[])[] = [];
    const visit = (value: unknown, path: readonly (string | number)[]): void => {
      paths.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const [key, item] of Object.entries(value)) visit(item, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    visit(original, []);
    const other = fc.oneof(
      WORD,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant([]),
      fc.constant({}),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), other, (path, value) => {
        problemsOf(stringify(replaced(original, path, value)));
      }),
      { numRuns: 100 },
    );
  });

  it("on a file cut off anywhere, or with one character changed", () => {
    fc.assert(
      fc.property(fc.nat(UPGRADE.length), fc.string({ maxLength: 2 }), (at, text) => {
        problemsOf(UPGRADE.slice(0, at));
        problemsOf(UPGRADE.slice(0, at) + text + UPGRADE.slice(at + 1));
      }),
      { numRuns: 100 },
    );
  });
});

function replaced(data: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(data)) return data.map((item, i) => (i === first ? replaced(item, rest, value) : item));
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, item]) => [key, key === first ? replaced(item, rest, value) : item]),
  );
}

/** Every place of the sample where a pattern stands, its offset, and what to put there. */
function places(text: string, pattern: RegExp): { readonly offset: number; readonly word: string }[] {
  return [...text.matchAll(pattern)].map((match) => ({
    offset: match.index + match[0].length - (match[1] ?? "").length,
    word: match[1] ?? "",
  }));
}

function misspelt(word: string): string {
  return `${word.slice(0, -1)}${word.at(-1)}qz`;
}

/** Comments would be changed too, and mean nothing. */
const SAMPLE = UPGRADE.replace(/^#.*\n/, "").replace(/ +#.*$/gm, "");

describe("one mistake in a runbook of 150 lines is found at its place", () => {
  const keys = places(
    SAMPLE,
    /(?:^|[{,] |^ *- |^ +)(on_failure|action|timeout|rollout|targets|when|until|verify|undo|skip_if|probe|retry|role|where|order_by|limit|serial|grace|assert|lock|delay|attempts|expr|message|metadata|defaults)(?=:)/gm,
  );
  const actions = places(SAMPLE, /action: ([\w.]+)/g);
  const fields = places(SAMPLE, /(?:host|\bn|\bs)\.(\w+)(?= |\)|$)/gm);
  const inputs = places(SAMPLE, /inputs\.(\w+)/g);
  const steps = places(SAMPLE, /steps\.(fence|switchover)/g);

  it.each([
    ["a misspelt key", keys],
    ["an unknown action", actions],
    ["an unknown field", fields],
    ["an unknown input", inputs],
    ["an unknown step", steps],
  ])("%s, wherever it stands", (_, found) => {
    expect(found.length).toBeGreaterThan(1);
    for (const { offset, word } of found) {
      const text = SAMPLE.slice(0, offset) + misspelt(word) + SAMPLE.slice(offset + word.length);
      const positions = problemsOf(text).map(({ position }) => `${position.line}:${position.column}`);
      expect(positions, `${misspelt(word)} in ${placeOf(text, offset)}`).toContain(placeOf(text, offset));
    }
  });

  it("a wrong type, wherever it stands", () => {
    const scalars = places(
      SAMPLE,
      /(?:when|until|timeout|limit|max_failures|attempts|backoff|role|on_failure|grace): ([^\s,}]+)/g,
    );
    for (const { offset, word } of scalars) {
      const text = `${SAMPLE.slice(0, offset)}[1]${SAMPLE.slice(SAMPLE.slice(offset).search(/[,}\n]/) + offset)}`;
      const lines = problemsOf(text).map(({ position }) => `${position.line}:${position.column}`);
      if (/^(>-|")|\(/.test(word)) continue;
      expect(lines, `[1] for ${word} in ${placeOf(text, offset)}`).toContain(placeOf(text, offset));
    }
  });

  it("and the runbooks themselves have none", () => {
    expect(problemsOf(SAMPLE)).toEqual([]);
    expect(problemsOf(BACKUP)).toEqual([]);
  });
});

describe("the small languages inside", () => {
  it("templates give back every character, as text or as expression", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom("${{ a }}", "${{ '}}' }}", "}}", "$", "{")), { maxLength: 5 }),
        (words) => {
          const text = words.join("");
          const { parts, problem } = splitTemplate(text);
          if (problem) return;
          for (const part of parts) expect(text.slice(part.offset, part.offset + part.text.length)).toBe(part.text);
          const kept = parts.filter(({ kind }) => kind === "text").map((part) => part.text);
          if (!text.includes("${{")) expect(kept.join("")).toBe(text);
        },
      ),
    );
  });

  it("glob agrees with a regular expression, and takes no longer for stars", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
    fc.assert(
      fc.property(letters, pattern, (text, glob) => {
        const regex = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(globMatches(text, glob)).toBe(regex.test(text));
      }),
    );
    expect(globMatches("a".repeat(5_000), `${"*a".repeat(50)}b`)).toBe(false);
  });

  it("versions are ordered", () => {
    const version = fc.array(fc.nat(30), { minLength: 2, maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(isVersion(a)).toBe(true);
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it.each(["^(a+)+$", "(a|b)*c", "(?:\\d+)*", "((a)*b)+", "(x{1,})+"])("%s is refused as a pattern", (pattern) => {
    expect(patternProblem(pattern)).toMatch(/repeats a repetition/);
  });

  it.each(["^\\d+\\.\\d+$", "^[a-z][a-z0-9-]*$", "(a|b)?c", "^(\\d+)\\.(\\d+)$", "[(+*)]+", "\\(a+\\)+"])(
    "%s is a pattern",
    (pattern) => {
      expect(patternProblem(pattern)).toBeUndefined();
    },
  );
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import type { Problem } from "../../../src/core/errors.ts";
import { readYaml } from "../../../src/core/yaml/read-yaml.ts";
import { checkAgainst } from "../../../src/core/yaml/schema-problems.ts";

const read = (text: string) => readYaml(text, "file.yaml", "BAD");

/** `__proto__` is refused as a key: it is nobody's name for anything. */
function isHarmless(value: unknown): boolean {
  return !JSON.stringify(value).includes('"__proto__"');
}

function shown(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ position, message, hint }) => `${position.line}:${position.column} ${message}${hint ? ` (${hint})` : ""}`,
  );
}

describe("reading YAML", () => {
  it("gives the data that was written, whatever it is", () => {
    const data = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.jsonValue({ maxDepth: 3 })).filter(isHarmless);
    fc.assert(
      fc.property(data, (value) => {
        const source = read(stringify(value, { lineWidth: 0 }));
        expect(source.problems).toEqual([]);
        expect(JSON.stringify(source.value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it("knows where every key and every value stands", () => {
    const source = read("a:\n  b: [x, { c: 1 }]\n");
    expect(source.position(["a", "b"], "key")).toEqual({ file: "file.yaml", line: 2, column: 3 });
    expect(source.position(["a", "b", 0])).toMatchObject({ line: 2, column: 7 });
    expect(source.position(["a", "b", 1, "c"])).toMatchObject({ line: 2, column: 15 });
    expect(source.position(["a", "gone", "deeper"])).toMatchObject({ line: 2, column: 3 });
  });

  it("knows what is there and what is not", () => {
    const source = read("a: { b: 1 }\nc: &x { d: 1 }\ne: *x\nb: 2\n");
    expect([["a", "b"], ["e", "d"], ["a"], []].map((path) => source.has(path))).toEqual([true, true, true, true]);
    expect(
      [
        ["a", "c"],
        ["gone", "b"],
        ["b", "b"],
        ["a", "b", "c"],
      ].map((path) => source.has(path)),
    ).toEqual([false, false, false, false]);
  });

  it("keeps how a scalar was written", () => {
    const source = read("a: 7.10\nb: '7.10' # why\n");
    expect(source.scalar(["a"])).toEqual({ source: "7.10", quoted: false });
    expect(source.scalar(["b"])).toMatchObject({ source: "7.10", quoted: true, comment: " why" });
  });

  it("keeps yes, no and on as the words that they are", () => {
    expect(read("on: [yes, no]").value).toEqual({ on: ["yes", "no"] });
  });

  it.each([
    ["a: 1\na: 2\n", /^2:1 this key stands here twice/],
    ["a:\n\tb: 1\n", /^2:1 a tab indents this line/],
    ["a: !x\n", /^1:4 a value that starts with ! is a tag/],
    ["a: *x\n", /^1:4 an alias whose anchor/],
    ["a: &x\n  b: *x\n", /^2:6 an alias of what it stands in/],
    ["a: [1\n", /^2:1 /],
    ["a: 1\n---\nb: 1\n", /^2:1 a second document/],
    ["{ a: 1 }: 1\n", /^1:1 /],
  ])("refuses %j", (text, problem) => {
    expect(shown(read(text).problems)[0]).toMatch(problem);
  });

  it("refuses aliases that multiply without end", () => {
    const lines = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
    expect(read(`a0: &a0 [x]\n${lines.join("\n")}\n`).problems).not.toEqual([]);
  });

  it("never fails, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab:-[]{}#&*!|>'\"%@`, \n\t?") }), (text) => {
        const source = read(text);
        for (const { position } of source.problems) expect(Math.min(position.line, position.column)).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

const schema = z.strictObject({
  name: z.string(),
  port: z.int().max(65_535, "not a port").optional(),
  mode: z.enum(["fast", "safe"]).optional(),
  time: z.string({ error: "expected a time" }).optional(),
  items: z.array(z.strictObject({ address: z.string(), port: z.int().optional() })).optional(),
  either: z
    .union([z.enum(["none", "all"]), z.strictObject({ some: z.array(z.string()) })], {
      error: "expected none, all or a map",
    })
    .optional(),
  any: z.record(z.string().regex(/^[a-z]+$/, "expected a word"), z.int()).optional(),
});

const check = (text: string) => shown(checkAgainst(schema, read(text), "BAD").problems);

describe("checking YAML against a schema", () => {
  it("gives the data where nothing is wrong", () => {
    expect(checkAgainst(schema, read("name: a\neither: { some: [b] }"), "BAD")).toEqual({
      data: { name: "a", either: { some: ["b"] } },
      problems: [],
    });
  });

  it.each([
    [
      "an unknown key, with the nearest one of the same map",
      "name: a\nitems: [{ address: b, prot: 1 }]",
      ['2:23 unknown key "prot" (did you mean "port"?)'],
    ],
    ["a misspelt key that must be there, once", "nam: a", ['1:1 unknown key "nam" (did you mean "name"?)']],
    [
      "a missing key, even where another was misspelt elsewhere",
      "name: a\nitems: [{ adress: b }, { port: 1 }]",
      ['2:11 unknown key "adress" (did you mean "address"?)', '2:24 "address" is missing'],
    ],
    [
      "a number where text belongs, as it was written",
      "name: 7.10",
      ['1:7 name: expected a string (quote it: "7.10")'],
    ],
    ["nothing where text belongs", "name:", ["1:6 name: expected a string"]],
    ["a wrong kind, in the words of the schema", "name: a\ntime: 5", ["2:7 time: expected a time"]],
    ["a wrong value", "name: a\nmode: fats", ['2:7 mode: expected one of fast, safe (did you mean "fast"?)']],
    ["a wrong item of a list", "name: a\nitems: [5]", ["2:9 items[0]: expected a map"]],
    ["a broken limit", "name: a\nport: 70000", ["2:7 port: not a port"]],
    ["no branch of a union", "name: a\neither: 5", ["2:9 either: expected none, all or a map"]],
    [
      "the branch of a union that was meant",
      "name: a\neither: { smoe: [] }",
      ['2:11 unknown key "smoe" (did you mean "some"?)'],
    ],
    ["an impossible key", "name: a\nany: { B: 1 }", ["2:8 B: expected a word"]],
    [
      "everything at once",
      "port: 70000\nmode: x\nq: 1",
      [
        '1:1 "name" is missing',
        "1:7 port: not a port",
        "2:7 mode: expected one of fast, safe",
        '3:1 unknown key "q" (known here: name, port, mode, time, items, either, any)',
      ],
    ],
  ])("names %s", (_, text, problems) => {
    expect(check(text).toSorted()).toEqual(problems.toSorted());
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfSyntaxError, directivesOf, parseConf, renderConf } from "../../../src/conf/conf-file.ts";

describe("a configuration file of Redis", () => {
  test("is read as Redis reads it: quotes, escapes, comments only at the start of a line", () => {
    const text = [
      "# a comment",
      "",
      '  Save ""',
      'requirepass "a b\\x41\\n\\"q\\""',
      "masterauth 'it\\'s'",
      "rename-command FLUSHALL a#b",
    ].join("\n");
    expect(directivesOf(parseConf(text))).toEqual([
      { name: "save", values: [""] },
      { name: "requirepass", values: ['a bA\n"q"'] },
      { name: "masterauth", values: ["it's"] },
      { name: "rename-command", values: ["FLUSHALL", "a#b"] },
    ]);
  });

  test("is refused, with the line, where a quote is not closed or closes inside a word", () => {
    for (const line of ['dir "/var', "dir '/var", 'dir "/var"x']) {
      expect(() => parseConf(`port 1\n${line}`)).toThrow(new ConfSyntaxError(2));
    }
  });

  test("reads back as it was written, whatever the values are", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "#x", " ", '"', "'", "\\", "\\x41", "a\nb"),
    );
    const directive = fc.record({
      name: fc.constantFrom("dir", "save", "user"),
      values: fc.array(value, { minLength: 1 }),
    });
    fc.assert(
      fc.property(fc.array(directive), (directives) => {
        expect(directivesOf(parseConf(renderConf(directives)))).toEqual(directives);
      }),
    );
  });
});

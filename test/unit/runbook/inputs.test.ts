import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidFileError } from "../../../src/core/errors.ts";
import { resolveInputs, resolveInputValues } from "../../../src/runbook/inputs.ts";
import type { Runbook } from "../../../src/runbook/model.ts";
import { compileText, complaints, runbookOf } from "./dummy-catalog.ts";

function runbookWith(inputs: string): Runbook {
  return compileText(runbookOf("  - id: a\n    action: set\n    with: {}\n", `inputs:\n${inputs}`));
}

const ALL = runbookWith(`  text: { type: string, pattern: "^[a-z]+$" }
  count: { type: int, default: 3 }
  flag: { type: bool, default: false }
  soak: { type: duration, default: 30s }
  size: { type: bytes, default: 1mb }
  mode: { type: enum, enum: [fast, safe], default: safe }
  to: { type: version, required: true }
  node: { type: host }
`);

function refusal(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidFileError) {
      return error.problems.map(
        ({ message, hint, position }) => `${position.line} ${message}${hint ? ` (${hint})` : ""}`,
      );
    }
    throw error;
  }
  return [];
}

describe("inputs from the command line", () => {
  it("become values of their type, with defaults filled in", () => {
    const given = {
      text: "abc",
      count: "-5",
      flag: "true",
      soak: "1m30s",
      size: "6gb",
      mode: "fast",
      to: "7.10",
      node: "r1",
    };
    expect(resolveInputs(ALL, given, "--input")).toEqual({
      text: "abc",
      count: -5,
      flag: true,
      soak: "1m30s",
      size: 6_442_450_944,
      mode: "fast",
      to: "7.10",
      node: "r1",
    });
    expect(resolveInputs(ALL, { to: "7.0" }, "--input")).toEqual({
      text: null,
      count: 3,
      flag: false,
      soak: "30s",
      size: 1_048_576,
      mode: "safe",
      to: "7.0",
      node: null,
    });
  });

  it("are all refused at once, each with what was expected and where it is declared", () => {
    const given = { text: "ABC", count: "1.5", flag: "yes", soak: "30", size: "big", mode: "slow", nde: "r1" };
    expect(refusal(() => resolveInputs(ALL, given, "--input"))).toEqual([
      "5 --input: text=ABC is not a text that matches ^[a-z]+$",
      "6 --input: count=1.5 is not a whole number such as 10",
      "7 --input: flag=yes is not true or false",
      "8 --input: soak=30 is not a duration such as 30s, 5m or 1h30m",
      "9 --input: size=big is not a size such as 1048576, 100mb or 6gb",
      "10 --input: mode=slow is not one of fast, safe",
      '11 --input: to is required: a version in quotes such as "7.0.15"',
      '1 --input: test has no input "nde" (did you mean "node"?)',
    ]);
  });

  it("handed over by another runbook have their types already", () => {
    expect(resolveInputValues(ALL, { to: "7.0", count: 4, flag: true, size: 5 }, "step x")).toMatchObject({
      count: 4,
      flag: true,
      size: 5,
    });
    expect(refusal(() => resolveInputValues(ALL, { to: "7.0", count: "4" }, "step x"))).toEqual([
      "6 step x: count=4 is not a whole number such as 10",
    ]);
  });

  it("never throw anything but what is wrong with them, whatever is typed", () => {
    const name = fc.constantFrom(
      "text",
      "count",
      "flag",
      "soak",
      "size",
      "mode",
      "to",
      "node",
      "toString",
      "__proto__",
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), (given) => {
        refusal(() => resolveInputs(ALL, given, "--input"));
      }),
    );
  });
});

describe("declarations of inputs", () => {
  it.each([
    ["{ type: enum }", "5:14 input x: an enum needs its values (add enum: [one, two])"],
    ["{ type: int, default: '5' }", "5:28 input x: the default is not a whole number such as 10"],
    ["{ type: int, default: 5, required: true }", "5:28 input x is required and has a default: one of them is idle"],
    ["{ type: string, pattern: '(' }", '5:31 input x: "(" is no regular expression'],
    [
      "{ type: strin }",
      '5:14 type: expected one of string, int, bool, duration, bytes, enum, version, host (did you mean "string"?)',
    ],
    [
      "{ type: duration, default: 30 }",
      '5:33 input x: the default is not a duration such as 30s, 5m or 1h30m (without quotes YAML reads a number; write "30")',
    ],
  ])("%s is refused", (input, complaint) => {
    const text = runbookOf("  - id: a\n    action: set\n    with: {}\n", `inputs:\n  x: ${input}\n`);
    expect(complaints(text)).toEqual([complaint]);
  });
});

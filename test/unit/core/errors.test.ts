import { describe, expect, it } from "vitest";
import { InvalidFileError, messageOf, RedishaError } from "../../../src/core/errors.ts";
import { EXIT, EXIT_MEANING } from "../../../src/core/exit-codes.ts";

const position = { file: "redisha.yaml", line: 3, column: 7 };

describe("errors", () => {
  it("end with status 1 where nothing else is said", () => {
    expect(new RedishaError({ code: "X", message: "it failed" })).toMatchObject({ exit: EXIT.failedSafe, next: [] });
  });

  it("keep the cause", () => {
    const cause = new Error("below");
    expect(new RedishaError({ code: "X", message: "above", cause }).cause).toBe(cause);
  });

  it("about a file carry every problem and point at the first", () => {
    const problem = { code: "X", message: "wrong", position };
    expect(new InvalidFileError("X", "redisha.yaml", [problem, problem])).toMatchObject({
      message: "redisha.yaml: 2 problems",
      exit: EXIT.usage,
      position,
      state: "nothing was touched",
    });
    expect(new InvalidFileError("X", "redisha.yaml", [problem]).message).toBe("redisha.yaml: 1 problem");
  });

  it("have a message whatever was thrown", () => {
    const refused = new AggregateError([new Error("refused by ::1"), new Error("refused by 127.0.0.1")], "");
    expect(messageOf(refused)).toBe("refused by ::1; refused by 127.0.0.1");
    expect(messageOf(new TypeError(""))).toBe("TypeError");
    expect(messageOf("text")).toBe("text");
    expect(messageOf(undefined)).toBe("undefined");
  });
});

describe("exit codes", () => {
  it("each have one meaning", () => {
    const codes = Object.values(EXIT);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.map(String).sort()).toEqual(Object.keys(EXIT_MEANING).sort());
  });
});

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quote, quoteAll } from "../../../src/connect/quote.ts";
import type { LaunchSpec } from "../../../src/connect/session/launcher.ts";
import { remoteCommand, render } from "../../../src/connect/session/render.ts";

const word = fc.string({ unit: "binary", maxLength: 30 }).filter((text) => !text.includes("\0"));

function asShellReads(command: string, input = ""): string[] {
  return execFileSync("sh", ["-c", command], { input, encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] })
    .split("\0")
    .slice(0, -1);
}

describe("quoting", () => {
  test("leaves plain words readable", () => {
    expect(quoteAll(["redis-cli", "-p", "6379", "CONFIG", "GET", "maxmemory*"])).toBe(
      "redis-cli -p 6379 CONFIG GET 'maxmemory*'",
    );
  });

  test.each([
    ["", "''"],
    ["it's", "'it'\\''s'"],
    ["A=b", "'A=b'"],
    ["~", "'~'"],
    ["ü", "'ü'"],
  ])("writes %j as %s", (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  test("refuses a NUL", () => {
    expect(() => quote("a\0b")).toThrow(RangeError);
  });

  test("is undone by a shell, whatever the words", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        expect(asShellReads(`printf '%s\\0' ${quoteAll(words)}`)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the command of a session", () => {
  const run = (spec: LaunchSpec) => {
    const rendered = render(spec);
    return asShellReads(remoteCommand(rendered), rendered.header);
  };

  test("gives a program its arguments and environment as they were", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 10 }), word, (words, value) => {
        const argv = ["sh", "-c", `printf '%s\\0' "$@" "$V"`, "sh", ...words];
        expect(run({ argv, env: { V: value }, become: false })).toEqual([...words, value]);
        expect(run({ argv, become: false })).toEqual([...words, ""]);
        expect(run({ shell: `printf '%s\\0' "$@"`, args: words, become: false })).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });

  test("never shows a value of the environment", () => {
    const rendered = render({ argv: ["env"], env: { PASSWORD: "s3cret" }, become: true });
    expect(remoteCommand(rendered)).not.toContain("s3cret");
    expect(rendered.header).toContain("s3cret");
  });

  test("keeps text that login shells read in different ways out of the command", () => {
    for (const argv of [
      ["echo", "a\\b"],
      ["echo", "wow!"],
      ["echo", "a\nb"],
      ["echo", "x".repeat(5_000)],
    ]) {
      expect(render({ argv, become: false }).argv.at(-1)).toBe('IFS= read -r __c&&eval "$__c"');
    }
  });

  test("refuses a name that is none of a variable", () => {
    expect(() => render({ argv: ["env"], env: { "A;reboot": "1" }, become: false })).toThrow("not the name");
  });
});

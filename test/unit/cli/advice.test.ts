import fc from "fast-check";
import { expect, it } from "vitest";
import { wrapAdvice } from "../../../src/cli/output/advice.ts";
import { displayWidth } from "../../../src/cli/output/text.ts";
import { CHECKS } from "../../../src/preflight/catalog.ts";

const shown = (advice: string, width: number) => wrapAdvice(advice, width, "    → ", "      ").split("\n");

it.each([
  ["redisha run init-os", ["    → redisha run init-os"]],
  [
    "set it under redis.config in redisha.yaml, then: redisha init --dry-run",
    ["    → set it under redis.config in", "      redisha.yaml, then:", "      redisha init --dry-run"],
  ],
  [
    "redis-cli CONFIG SET tls-protocols 'TLSv1.2 TLSv1.3', and CONFIG REWRITE",
    ["    → redis-cli CONFIG SET tls-protocols 'TLSv1.2 TLSv1.3', and CONFIG REWRITE"],
  ],
  ["make the disk larger, or move the folder", ["    → make the disk larger, or move the", "      folder"]],
  ["then: redisha init", ["    → then: redisha init"]],
])("breaks words, and never a command: %s", (advice, lines) => {
  expect(shown(advice, 40)).toEqual(lines);
});

const ADVICE = CHECKS.flatMap(({ mend }) => mend);

it("loses nothing of what any check advises, and leaves each command whole, however narrow the terminal is", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ADVICE), fc.integer({ min: 20, max: 200 }), (advice, width) => {
      const lines = shown(advice, width);
      const words = lines.map((line) => line.replace("→", " ").trim());
      expect(words.join(" ")).toBe(advice);
      const command = /(?:^|[:;,] )(redisha .*)$/.exec(advice)?.[1];
      if (command !== undefined) expect(lines.some((line) => line.endsWith(command))).toBe(true);
      for (const [at, line] of lines.slice(0, -1).entries()) {
        if (words[at]?.includes(" ")) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }
    }),
  );
});

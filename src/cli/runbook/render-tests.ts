import { EXIT } from "../../core/exit-codes.ts";
import type { EventError } from "../../engine/events.ts";
import type { CaseResult, TestFileResult } from "../../use-cases/test-runbook.ts";
import type { Theme } from "../output/theme.ts";
import { lineDiff } from "./line-diff.ts";

/** The cases of each test, with what is not as expected below them, and the count at the end. */
export function renderTests(tests: readonly TestFileResult[], theme: Theme): string {
  if (tests.length === 0) return "There is no test beside any runbook: NAME.test.yaml";
  const cases = tests.flatMap((test) => test.cases);
  const passed = cases.filter(({ ok }) => ok).length;
  const parts = tests.map(({ file, cases }) => [theme.strong(file), ...cases.flatMap((one) => caseLines(one, theme))]);
  const total = `${passed} of ${cases.length} cases pass`;
  return [
    ...parts.map((lines) => lines.join("\n")),
    passed === cases.length ? theme.good(total) : theme.bad(total),
  ].join("\n\n");
}

/** What failed, as the command's error; undefined where everything passed. */
export function testsFailure(tests: readonly TestFileResult[]): EventError | undefined {
  const failed = tests.flatMap(({ file, cases }) =>
    cases.filter(({ ok }) => !ok).map(({ name }) => `${file}: ${name}`),
  );
  if (failed.length === 0) return undefined;
  return {
    code: "RUNBOOK_TEST_FAILED",
    exit: EXIT.verificationFailed,
    message: `${failed.length} ${failed.length === 1 ? "case does" : "cases do"} not come out as expected: ${failed.join("; ")}`,
    state: "this was a rehearsal; no server was asked",
    next: [],
  };
}

function caseLines({ name, ok, duration_ms, differences }: CaseResult, theme: Theme): string[] {
  const { good, bad, dim, symbols } = theme;
  const head = `  ${ok ? good(symbols.ok) : bad(symbols.bad)} ${name} ${dim(`${duration_ms} ms`)}`;
  const below = differences.flatMap(({ what, expected, actual }) => [
    `      ${what}`,
    ...lineDiff(expected, actual).map(({ mark, text }) => {
      const line = `        ${mark} ${text}`;
      if (mark === " ") return dim(line);
      return mark === "-" ? bad(`${line}  (expected)`) : good(`${line}  (came)`);
    }),
  ]);
  return [head, ...below];
}

import type { Problem } from "../core/errors.ts";
import type { YamlSource } from "../core/yaml/yaml-source.ts";

/** A line, or the one before it, that a value nobody should see may stand on. */
const MAY_HOLD_SECRET = /pass|secret|token|auth|credential/i;

/**
 * What the YAML parser found wrong. Its messages repeat what they stumbled over; beside a password that may be the
 * password, and then only the place is told.
 */
export function syntaxProblems(source: YamlSource): Problem[] {
  const lines = source.text.split("\n");
  return source.problems.map((problem) => {
    const { line } = problem.position;
    if (!lines.slice(Math.max(0, line - 2), line).some((text) => MAY_HOLD_SECRET.test(text))) return problem;
    const hint = "a value that starts with a special character needs quotes; a secret does not stand here at all";
    return { ...problem, message: "this cannot be read as YAML (not repeated here: it may be a secret)", hint };
  });
}

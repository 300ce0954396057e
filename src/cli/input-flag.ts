import { string } from "@oclif/core/flags";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** `--input name=value`, as often as needed. */
export const inputFlag = string({
  char: "i",
  multiple: true,
  multipleNonGreedy: true,
  helpValue: "NAME=VALUE",
  summary: "An input of the runbook; may be repeated. Never a secret: runbooks take those from `secrets`",
});

/** The inputs as name to text; the type of each is checked against the runbook later. */
export function parseInputs(given: readonly string[] | undefined): Record<string, string> {
  return parseAssignments("--input", given);
}

/** Words of the form NAME=VALUE that a flag was given, each name once. */
export function parseAssignments(flag: string, given: readonly string[] | undefined): Record<string, string> {
  const values: Record<string, string> = {};
  for (const word of given ?? []) {
    const at = word.indexOf("=");
    const name = word.slice(0, at);
    if (at < 1) throw usage(`${flag} wants NAME=VALUE, not ${word}`);
    if (name in values) throw usage(`${flag} ${name} is given twice`);
    values[name] = word.slice(at + 1);
  }
  return values;
}

function usage(message: string): RedishaError {
  return new RedishaError({ code: "USAGE", message, exit: EXIT.usage, state: "nothing was touched" });
}

import { boolean, custom, string } from "@oclif/core/flags";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { formatDuration, parseDuration } from "../core/units.ts";
import type { OutputFormat } from "./invocation.ts";

const COMMON = "COMMON";

/** Flags that every command has. */
export const commonFlags = {
  deployment: string({
    char: "d",
    env: "REDISHA_DEPLOYMENT",
    helpValue: "NAME",
    summary: "Deployment of redisha.yaml to work on; not needed where there is only one",
    helpGroup: COMMON,
  }),
  file: string({
    env: "REDISHA_FILE",
    helpValue: "PATH",
    summary: "redisha.yaml to read, instead of the first one found upwards from here",
    helpGroup: COMMON,
  }),
  json: boolean({ summary: "Print one JSON document on stdout, also when the command fails", helpGroup: COMMON }),
  "no-color": boolean({ summary: "No colour; the environment variable NO_COLOR does the same", helpGroup: COMMON }),
  quiet: boolean({ char: "q", summary: "Say nothing but the result and errors", helpGroup: COMMON }),
  verbose: boolean({ char: "v", summary: "Show every command that is sent to a host or to Redis", helpGroup: COMMON }),
  debug: boolean({ summary: "Show stacks of errors", helpGroup: COMMON }),
};

/** A duration such as `2s` or `1m30s`, in milliseconds; the shortest allowed is `least`. */
export const durationFlag = custom<number, { least?: number }>({
  helpValue: "DURATION",
  parse: async (text, _, { least = 0 }) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= least) return ms;
    throw new RedishaError({
      code: "USAGE",
      message: ms === undefined ? `not a duration: ${text}` : `too short: ${text}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [`write it with its unit, at least ${formatDuration(least)}: 2s, 1m30s`],
    });
  },
});

/** `--output` with the formats that a command knows; the first is the default. `own` are texts that it prints by itself. */
export function outputFlag(formats: readonly [OutputFormat, ...OutputFormat[]], own: readonly string[] = []) {
  const all = [...formats, ...own];
  return string({
    char: "o",
    options: all,
    default: formats[0],
    helpValue: all.join("|"),
    summary: "How to print the result; json is the same as --json",
  });
}

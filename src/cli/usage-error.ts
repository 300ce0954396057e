import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";

/** What is known of a command without loading it. */
export interface CommandFacts {
  readonly id: string;
  readonly flags: Readonly<Record<string, unknown>>;
}

/** An unknown command: exit 2 and the nearest right one, which is never run by itself. `ids` use `:` between words. */
export function unknownCommand(words: string, ids: readonly string[]): RedishaError {
  const guess = nearest(
    words,
    ids.map((id) => id.replaceAll(":", " ")),
  );
  return new RedishaError({
    code: "USAGE_UNKNOWN_COMMAND",
    message: words.startsWith("-")
      ? `flags stand after the command, not before it: ${words}`
      : `unknown command: ${words}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: guess ? [`did you mean: redisha ${guess}`, "redisha --help"] : ["redisha --help"],
  });
}

/** Flags that stand before the command. Only flags that it has are said again: what others were given may be a secret. */
export function flagsFirst(command: CommandFacts, flags: readonly string[], rest: readonly string[]): RedishaError {
  const names = flags.filter((word) => word.startsWith("-")).map((word) => word.replace(/(?<=^-[^-])..*|=.*$/s, ""));
  const known = names.every((name) => name.replace(/^--/, "") in command.flags || /^-[a-z]$/.test(name));
  const name = command.id.replaceAll(":", " ");
  const words = known ? [name, ...rest, ...flags] : [name, "…"];
  return new RedishaError({
    code: "USAGE_UNKNOWN_COMMAND",
    message: `flags stand after the command, not before it: ${names.join(" ")}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`redisha ${words.join(" ")}`],
  });
}

/**
 * An error of oclif's parser as ours; anything else comes back as it is. Parser errors are told by their fields, and of
 * their message only the first part is kept: it may carry the help of the whole command.
 */
export function asUsageError(error: unknown, command: CommandFacts): unknown {
  if (!(error instanceof Error)) return error;
  const value = badFlagValue(error);
  if (error instanceof RedishaError) {
    if (!value) return error;
    const { code, exit, next, cause } = error;
    return new RedishaError({ code, message: value, exit, state: "nothing was touched", next, cause });
  }
  if (!("parse" in error) && !value) return error;
  const help = `redisha ${command.id.replaceAll(":", " ")} --help`;
  const unknown = unknownFlags(error);
  if (unknown.length > 0) {
    const guesses = unknown.flatMap((flag) => guessFlag(flag, command));
    return new RedishaError({
      code: "USAGE_UNKNOWN_FLAG",
      message: `unknown flag${unknown.length === 1 ? "" : "s"}: ${unknown.join(", ")}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [...guesses, help],
    });
  }
  return new RedishaError({
    code: "USAGE",
    message: (value ?? messageOf(error).replace(HELP_OF_OCLIF, "")).replace(/\s*\n\s*/g, " "),
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [help],
  });
}

/** What oclif writes below the reason: advice about other flags, and where its help is. */
const HELP_OF_OCLIF = /\n(?:Note: --|See more help with --help)[\s\S]*$/;

/** `--replicas: Expected an integer`, of what oclif makes of a value that a flag does not take; undefined for other errors. */
function badFlagValue(error: Error): string | undefined {
  const [, flag, why] = /^Parsing (--\S+)\s+([\s\S]+)$/.exec(error.message) ?? [];
  return flag && why ? `${flag}: ${why.replace(HELP_OF_OCLIF, "")}` : undefined;
}

/** Names only: what stands behind `=` may be a password that somebody tried to give by flag. */
function unknownFlags(error: Error): string[] {
  if (!("flags" in error) || !Array.isArray(error.flags)) return [];
  return error.flags.map((flag) => String(flag).replace(/=.*$/s, ""));
}

function guessFlag(flag: string, command: CommandFacts): string[] {
  const guess = nearest(flag.replace(/^-+/, ""), Object.keys(command.flags));
  return guess ? [`did you mean: --${guess}`] : [];
}

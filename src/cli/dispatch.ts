import type { Config } from "@oclif/core/config";
import { normalizeArgv } from "@oclif/core/help";
import type { RedishaError } from "../core/errors.ts";
import { fail } from "./fail.ts";
import { readInvocation } from "./invocation.ts";
import { loadConfig } from "./load-config.ts";
import type { Mode, PackageJson } from "./main.ts";
import { flagsFirst, unknownCommand } from "./usage-error.ts";

/**
 * Finds the command that the arguments name and runs it; shows help where that is asked for. Every error of every
 * command ends here and nowhere else.
 */
export async function dispatch(argv: readonly string[], mode: Mode, pjson: PackageJson): Promise<number> {
  const invocation = readInvocation(argv);
  let words = argv.slice(0, 1).join(" ");
  try {
    const config = await loadConfig(mode, pjson);
    const [id = "", ...rest] = normalizeArgv(config, [...argv]);
    words = id.replaceAll(":", " ");
    if (wantsHelp(argv, config, id, rest)) {
      await showHelp(argv, config, invocation.streams.stdout.colour > 0);
      return 0;
    }
    const command = config.findCommand(id);
    if (!command) throw misplacedFlags(argv, config) ?? unknownCommand(attempted(config, id, rest), config.commandIDs);
    await config.runCommand(id, rest, command);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return fail(error, words, invocation);
  }
}

function wantsHelp(argv: readonly string[], config: Config, id: string, rest: readonly string[]): boolean {
  if (argv.length === 0) return true;
  const end = argv.indexOf("--");
  if ((end === -1 ? argv : argv.slice(0, end)).some((word) => word === "--help" || word === "-h")) return true;
  return config.findCommand(id) === undefined && config.findTopic(id) !== undefined && rest.length === 0;
}

/** Where flags were typed before the command: the same in the right order. */
function misplacedFlags(argv: readonly string[], config: Config): RedishaError | undefined {
  if (!argv[0]?.startsWith("-")) return undefined;
  for (const index of argv.keys()) {
    const [id = "", ...rest] = normalizeArgv(config, argv.slice(index));
    const command = config.findCommand(id);
    if (command) return flagsFirst(command, argv.slice(0, index), rest);
  }
  return undefined;
}

/** The words that were meant as a command: a topic takes the word behind it along. */
function attempted(config: Config, id: string, rest: readonly string[]): string {
  const next = rest[0];
  const words = config.findTopic(id) && next && !next.startsWith("-") ? `${id}:${next}` : id;
  return words.replaceAll(":", " ");
}

async function showHelp(argv: readonly string[], config: Config, colour: boolean): Promise<void> {
  const { RedishaHelp } = await import("./help/help.ts");
  await new RedishaHelp(config, { colour }).showHelp([...argv]);
}

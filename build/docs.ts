import type { Command } from "@oclif/core/command";
import { environmentOf, exitCodesOf } from "../src/cli/help/help.ts";
import { EXIT_MEANING } from "../src/core/exit-codes.ts";
import { buildManifest } from "./manifest.ts";

const GENERATED = "<!-- Generated from the commands by `npm run generate`; change them, not this page. -->";

/** `docs/reference/commands.md`: every command with its flags, exit codes and environment variables, as its help has them. */
export async function commandReference(): Promise<string> {
  const manifest = await buildManifest("source");
  const commands = Object.values(manifest.commands)
    .filter((command) => !command.hidden)
    .sort((a, b) => a.id.localeCompare(b.id, "en"));
  const contents = commands.map(
    (command) => `- [\`redisha ${words(command)}\`](#redisha-${command.id.replaceAll(":", "-")}): ${command.summary}`,
  );
  const common = Object.entries(commands[0]?.flags ?? {}).filter(([, flag]) => flag.helpGroup === "COMMON");
  return page([
    "# Commands",
    GENERATED,
    contents.join("\n"),
    "## Flags of every command",
    flagTable(common),
    "## Environment variables of every command",
    table(
      ["Variable", "What it does"],
      environmentOf({}).map(([name, text]) => [`\`${name}\``, text ?? ""]),
    ),
    ...commands.flatMap(section),
  ]);
}

/** `docs/reference/exit-codes.md`. */
export function exitCodeReference(): string {
  return page([
    "# Exit codes",
    GENERATED,
    "One table for all commands, and a stable interface. Treat a code that is not in it as a failure.",
    table(["Code", "Meaning"], Object.entries(EXIT_MEANING)),
  ]);
}

function section(command: Command.Cached): string[] {
  const name = `redisha ${words(command)}`;
  const args = Object.values(command.args ?? {});
  const own = Object.entries(command.flags).filter(([, flag]) => flag.helpGroup !== "COMMON" && !flag.hidden);
  const usage = [
    name,
    ...args.map((arg) => (arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`)),
  ].join(" ");
  return [
    `## ${name}`,
    `${command.summary}.`,
    ...(command.description ? [command.description] : []),
    fence([usage, "", ...examples(command)]),
    ...(args.length > 0
      ? [
          table(
            ["Argument", "What it is"],
            args.map((arg) => [`\`${arg.name.toUpperCase()}\``, arg.description ?? ""]),
          ),
        ]
      : []),
    ...(own.length > 0 ? [flagTable(own)] : []),
    table(
      ["Exit code", "Meaning"],
      exitCodesOf({ exitCodes: command.exitCodes }).map(([code, text]) => [code, text ?? ""]),
    ),
    ...ownEnvironment(command),
  ];
}

function ownEnvironment(command: Command.Cached): string[] {
  const common = new Set(environmentOf({}).map(([name]) => name));
  const own = environmentOf({ environment: command.environment }).filter(([name]) => !common.has(name));
  return own.length === 0
    ? []
    : [
        table(
          ["Variable", "What it does"],
          own.map(([name, text]) => [`\`${name}\``, text ?? ""]),
        ),
      ];
}

function examples(command: Command.Cached): string[] {
  return (command.examples ?? []).flatMap((example) => {
    const line = typeof example === "string" ? example : example.command;
    const remark = typeof example === "string" ? [] : [`# ${example.description}`];
    return [...remark, line.replaceAll("<%= config.bin %>", "redisha")];
  });
}

function flagTable(flags: readonly (readonly [string, Command.Flag.Cached])[]): string {
  return table(
    ["Flag", "What it does"],
    flags.map(([name, flag]) => {
      const value = flag.type === "option" ? `=${flag.helpValue ?? "VALUE"}` : "";
      const facts = [flag.summary ?? "", ...defaults(flag)].join(" ");
      return [`\`${flag.char ? `-${flag.char}, ` : ""}--${name}${value}\``, facts];
    }),
  );
}

function defaults(flag: Command.Flag.Cached): string[] {
  if (flag.type !== "option") return [];
  return [
    ...(typeof flag.default === "string" ? [`(default ${flag.default})`] : []),
    ...(flag.env ? [`(environment: ${flag.env})`] : []),
  ];
}

function words(command: Command.Cached): string {
  return command.id.replaceAll(":", " ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function fence(lines: readonly string[]): string {
  return ["```sh", ...lines, "```"].join("\n");
}

function page(parts: readonly string[]): string {
  return `${parts.join("\n\n")}\n`;
}

import { EXIT_MEANING } from "../../core/exit-codes.ts";
import { ENVIRONMENT } from "./environment.ts";

export interface HelpTopic {
  readonly name: string;
  readonly summary: string;
  /** The same for programs. */
  readonly data: Readonly<Record<string, unknown>>;
  text(): string;
}

const FORMATS = [
  ["-o table", "for people; may change at any time, never parse it"],
  ["-o wide", "the same with every column"],
  ["-o json, --json", "one JSON document (an envelope), also when the command fails"],
  ["-o yaml", "the same document as YAML"],
  ["-o jsonl", 'one JSON object a line, as it happens; the last has type "result"'],
] as const;

/** `redisha help <topic>`: what counts for all commands. */
export const HELP_TOPICS: readonly HelpTopic[] = [
  {
    name: "exit-codes",
    summary: "What each exit code means",
    data: { exit_codes: Object.entries(EXIT_MEANING).map(([code, meaning]) => ({ code: Number(code), meaning })) },
    text: () =>
      [
        "Every command ends with one of these. They are a stable interface; treat a code that is not in",
        "the list as a failure.",
        "",
        ...rows(Object.entries(EXIT_MEANING)),
      ].join("\n"),
  },
  {
    name: "environment",
    summary: "Environment variables",
    data: { environment: Object.entries(ENVIRONMENT).map(([name, meaning]) => ({ name, meaning })) },
    text: () =>
      [
        "A flag wins over its variable, a variable over redisha.yaml.",
        "",
        ...rows(Object.entries(ENVIRONMENT)),
        "",
        "Passwords are read from where redisha.yaml says: an environment variable, a file or a command.",
      ].join("\n"),
  },
  {
    name: "output",
    summary: "What goes where, and how to read it from a script",
    data: { formats: FORMATS.map(([flags, meaning]) => ({ flags, meaning })) },
    text: () =>
      [
        "stdout is data; progress, remarks and errors for people go to stderr.",
        "",
        ...rows(FORMATS),
        "",
        "The envelope: schema_version, command, ok, exit, result or error, warnings. Keys stay; new ones",
        "may be added. Its schema and that of every result stand in schemas/.",
        "",
        "Colour is decided for stdout and stderr each by itself: on a terminal unless NO_COLOR is set,",
        "TERM is dumb or --no-color is given. Nothing is redrawn in place without a terminal, nor in CI.",
        "Where the locale is not UTF-8, symbols and lines are plain ASCII.",
      ].join("\n"),
  },
];

/** The topic of that name. */
export function helpTopic(name: string): HelpTopic | undefined {
  return HELP_TOPICS.find((topic) => topic.name === name);
}

function rows(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
}

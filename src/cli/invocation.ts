import { processStreams, type Streams } from "./output/streams.ts";

const OUTPUT_FORMATS = ["table", "wide", "json", "yaml", "jsonl"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How this call wants to be answered. Known before flags are parsed, because a parse error must be answered that way too. */
export interface Invocation {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
  readonly streams: Streams;
}

/** Reads the arguments up to `--` without judging them; what is wrong with them is for the parser to say. */
export function readInvocation(argv: readonly string[]): Invocation {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  const has = (...names: string[]) => names.some((name) => words.includes(name));
  return {
    format: has("--json") ? "json" : (outputOf(words) ?? (has("--wide") ? "wide" : "table")),
    quiet: has("--quiet", "-q"),
    verbose: has("--verbose", "-v"),
    debug: has("--debug"),
    streams: processStreams({ noColour: has("--no-color") }),
  };
}

function outputOf(words: readonly string[]): OutputFormat | undefined {
  for (const [index, word] of words.entries()) {
    const match = /^(?:--output=|-o=?)(.+)$/.exec(word);
    const value = match?.[1] ?? (word === "--output" || word === "-o" ? words[index + 1] : undefined);
    const format = OUTPUT_FORMATS.find((name) => name === value);
    if (format) return format;
  }
  return undefined;
}

import { scrubber } from "../../core/scrub.ts";

/** 0 no colour, 1 sixteen colours, 2 256, 3 true colour: what Chalk calls a level. */
export type ColourLevel = 0 | 1 | 2 | 3;

/** One of the two places that text goes to, with what may be done there already decided. Secrets are masked on the way. */
export interface TextStream {
  write(text: string): void;
  readonly isTty: boolean;
  /** Width to lay text out for: the terminal's, or 80 where there is none. */
  readonly columns: number;
  readonly colour: ColourLevel;
  /** False where the locale is not UTF-8: symbols and lines fall back to ASCII. */
  readonly unicode: boolean;
  /** True once the reader has gone away, as `| head -1` does: a watch ends then, a run goes on without its words. */
  readonly closed: boolean;
}

/** stdout is data, stderr is everything else; each decides for itself. */
export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** False in CI and for TERM=dumb: nothing is redrawn in place there, terminal or not. */
  readonly animate: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const NO_TERMINAL_WIDTH = 80;
const NARROWEST = 40;

/** The process's own streams. `noColour` is the `--no-color` flag. */
export function processStreams(options: { noColour: boolean }, env: Environment = process.env): Streams {
  return {
    stdout: textStream(process.stdout, options.noColour, env),
    stderr: textStream(process.stderr, options.noColour, env),
    // A terminal that says it has no columns (some containers' do) cannot be drawn on.
    animate: process.stderr.isTTY === true && process.stderr.columns > 0 && env.TERM !== "dumb" && !isCi(env),
  };
}

function textStream(stream: NodeJS.WriteStream, noColour: boolean, env: Environment): TextStream {
  const isTty = stream.isTTY === true;
  let closed = false;
  stream.once("error", () => {
    closed = true;
  });
  return {
    write(text) {
      if (!closed) stream.write(scrubber.scrub(text));
    },
    get closed() {
      return closed;
    },
    isTty,
    // Read when asked: a terminal may be resized during a watch.
    get columns() {
      return isTty && stream.columns > 0 ? Math.max(NARROWEST, stream.columns) : NO_TERMINAL_WIDTH;
    },
    colour: noColour ? 0 : colourLevel(isTty, env),
    unicode: isUtf8(env),
  };
}

/**
 * How much colour a stream gets. NO_COLOR with any non-empty value turns it off (no-color.org); FORCE_COLOR turns it on,
 * also into a pipe; otherwise a terminal has colour unless TERM is `dumb`.
 */
export function colourLevel(isTty: boolean, env: Environment): ColourLevel {
  if (env.NO_COLOR) return 0;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "") return forcedLevel(env.FORCE_COLOR);
  if (!isTty || env.TERM === "dumb") return 0;
  if (env.COLORTERM === "truecolor" || env.COLORTERM === "24bit") return 3;
  return env.TERM?.includes("256") ? 2 : 1;
}

function forcedLevel(value: string): ColourLevel {
  if (value === "0" || value === "false") return 0;
  return value === "2" ? 2 : value === "3" ? 3 : 1;
}

/** True where the locale says UTF-8, by the order in which libc reads it; no locale at all means the C locale. */
export function isUtf8(env: Environment): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return /utf-?8/i.test(locale);
}

function isCi(env: Environment): boolean {
  return Boolean(env.CI) && env.CI !== "false" && env.CI !== "0";
}

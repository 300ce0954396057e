import { Chalk } from "chalk";
import type { TextStream } from "./streams.ts";

export type Paint = (text: string) => string;

/** Colours and symbols of one stream. A meaning is never carried by colour alone: a symbol or a word stands beside it. */
export interface Theme {
  readonly good: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
  readonly strong: Paint;
  readonly dim: Paint;
  readonly accent: Paint;
  /** For what is new since the last time; `changedMark` stands behind it where there is no colour. */
  readonly changed: Paint;
  readonly changedMark: string;
  readonly symbols: Symbols;
}

interface Symbols {
  readonly ok: string;
  readonly warn: string;
  readonly bad: string;
  readonly info: string;
  readonly unknown: string;
  readonly dot: string;
  readonly none: string;
  readonly ellipsis: string;
  readonly branch: string;
  readonly lastBranch: string;
  readonly trunk: string;
  readonly arrow: string;
  readonly line: string;
  readonly undo: string;
  /** Heights of a bar, the lowest first; without Unicode they are told by weight. */
  readonly bars: string;
}

const UNICODE: Symbols = {
  ok: "✔",
  warn: "▲",
  bad: "✖",
  info: "●",
  unknown: "?",
  dot: "·",
  none: "–",
  ellipsis: "…",
  branch: "├─ ",
  lastBranch: "└─ ",
  trunk: "│  ",
  arrow: "→",
  line: "─",
  undo: "↩",
  bars: "▁▂▃▄▅▆▇█",
};

const ASCII: Symbols = {
  ok: "OK",
  warn: "!",
  bad: "X",
  info: "*",
  unknown: "?",
  dot: "-",
  none: "-",
  ellipsis: "~",
  branch: "|- ",
  lastBranch: "`- ",
  trunk: "|  ",
  arrow: "->",
  line: "-",
  undo: "<-",
  bars: ".:-=+*%#",
};

/** The theme of a stream: Chalk looks at stdout and ignores NO_COLOR by itself, so the level is always given. */
export function themeFor(stream: Pick<TextStream, "colour" | "unicode">): Theme {
  const chalk = new Chalk({ level: stream.colour });
  return {
    good: chalk.green,
    warn: chalk.yellow,
    bad: chalk.red,
    strong: chalk.bold,
    dim: chalk.dim,
    accent: chalk.cyan,
    changed: chalk.inverse,
    changedMark: stream.colour === 0 ? "*" : "",
    symbols: stream.unicode ? UNICODE : ASCII,
  };
}

/** No colour, Unicode symbols: for tests, files and reports. */
export const PLAIN_THEME: Theme = themeFor({ colour: 0, unicode: true });

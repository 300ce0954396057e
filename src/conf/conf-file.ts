/**
 * The format of redis.conf and sentinel.conf: a directive and its values on each line, split as a shell would, `\xff` and
 * other escapes inside double quotes, `#` only at the start of a line. (sdssplitargs and loadServerConfigFromString of Redis.)
 */

export interface Directive {
  /** In lower case, as Redis compares it. */
  readonly name: string;
  readonly values: readonly string[];
}

/** A line as it stands in a file: a directive, or the text of a comment or an empty line. */
export type ConfLine = Directive | { readonly text: string };

/** Thrown where a line cannot be split: Redis would refuse the file. `line` counts from 1. */
export class ConfSyntaxError extends Error {
  readonly line: number;

  constructor(line: number) {
    super(`line ${line}: unbalanced quotes`);
    this.line = line;
  }
}

/** Reads a file's text. Throws ConfSyntaxError where Redis would refuse a line. */
export function parseConf(text: string): ConfLine[] {
  return text.split(/\r?\n/).map((raw, at) => {
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return { text: trimmed };
    const words = splitArgs(trimmed);
    if (!words) throw new ConfSyntaxError(at + 1);
    const [name = "", ...values] = words;
    return { name: name.toLowerCase(), values };
  });
}

/** The directives of a file, in order, without comments. */
export function directivesOf(lines: readonly ConfLine[]): Directive[] {
  return lines.filter((line): line is Directive => "name" in line);
}

/** The text of a file that reads back as these lines. Several empty lines in a row become one. */
export function renderConf(lines: readonly ConfLine[]): string {
  const texts = lines.map((line) => ("name" in line ? renderDirective(line) : line.text));
  const kept = texts.filter((text, at) => text !== "" || (at > 0 && texts[at - 1] !== ""));
  return `${kept.join("\n").trim()}\n`;
}

/** One line, without its end. */
function renderDirective({ name, values }: Directive): string {
  return [name, ...values.map(quoteValue)].join(" ");
}

/** A value as it stands in a line: in quotes where it has to be. */
export function quoteValue(value: string): string {
  if (/^[^\s"'\\#\p{Cc}][^\s"'\\\p{Cc}]*$/u.test(value)) return value;
  const escaped = [...Buffer.from(value)].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

/** Words of a line; undefined where a quote is not closed, or is closed in the middle of a word. */
function splitArgs(line: string): string[] | undefined {
  const bytes = Buffer.from(line);
  const words: string[] = [];
  let at = 0;
  const isSpace = (byte: number | undefined) => byte === undefined || byte === 0x20 || (byte >= 9 && byte <= 13);
  while (at < bytes.length) {
    while (at < bytes.length && isSpace(bytes[at])) at += 1;
    if (at >= bytes.length) break;
    const word: number[] = [];
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined || isSpace(byte)) break;
      if (byte === 0x22 || byte === 0x27) {
        const end = byte === 0x22 ? readDouble(bytes, at + 1, word) : readSingle(bytes, at + 1, word);
        if (end === undefined || !isSpace(bytes[end])) return undefined;
        at = end;
        break;
      }
      word.push(byte);
      at += 1;
    }
    words.push(Buffer.from(word).toString());
  }
  return words;
}

/** Reads up to the closing quote into `word`; gives the place behind it. */
function readDouble(bytes: Buffer, from: number, word: number[]): number | undefined {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0x22) return at + 1;
    if (byte !== 0x5c) {
      word.push(byte ?? 0);
      continue;
    }
    const hex = /^x([0-9a-f]{2})/i.exec(bytes.toString("latin1", at + 1, at + 4));
    if (hex) {
      word.push(Number.parseInt(hex[1] ?? "", 16));
      at += 3;
      continue;
    }
    const next = bytes[at + 1];
    if (next === undefined) return undefined;
    word.push(ESCAPES[String.fromCharCode(next)] ?? next);
    at += 1;
  }
  return undefined;
}

function readSingle(bytes: Buffer, from: number, word: number[]): number | undefined {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0x27) return at + 1;
    if (byte === 0x5c && bytes[at + 1] === 0x27) at += 1;
    word.push(bytes[at] ?? 0);
  }
  return undefined;
}

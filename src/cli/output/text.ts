import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

/** Columns that a text takes on a terminal; control sequences take none. */
export function displayWidth(text: string): number {
  return stringWidth(text);
}

/** The text cut to `width` columns, ending in `ellipsis` where something was cut. For text without control sequences. */
export function truncate(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  let kept = "";
  for (const character of text) {
    if (displayWidth(kept + character) > room) break;
    kept += character;
  }
  return room > 0 ? kept + ellipsis : ellipsis.slice(0, width);
}

/** The text cut in its middle, so that beginning and end stay. For text of narrow characters, such as names of hosts. */
export function truncateMiddle(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  if (room < 2) return truncate(text, width, ellipsis);
  const end = Math.ceil(room / 2);
  return text.slice(0, room - end) + ellipsis + text.slice(-end);
}

/** Wraps at spaces to `width` columns; `first` leads the first line, `rest` the others. A long word is never broken: it may be a path or a command to copy. */
export function wrap(text: string, width: number, first = "", rest = first): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!empty && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  lines.push(line);
  return lines.map((each) => each.trimEnd()).join("\n");
}

/**
 * One line without control characters: what a server or a host sent must not move the cursor or change a colour, nor
 * break a row.
 */
export function oneLine(text: string): string {
  return (
    stripVTControlCharacters(text)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
      .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
  );
}

import type { FilePosition } from "../core/errors.ts";

/** Keys whose values are never shown, whatever is wrong with them. */
const SECRET_KEY =
  /pass(word|wd|phrase)?$|secrets?$|token$|requirepass$|masterauth$|(auth|private|access|api)[-_]?key$|credentials?$/i;

/**
 * The line of a file that a problem stands on, with a caret below the column; undefined where the line, or a key that it
 * stands under, may hold a secret: then only the position is told.
 */
export function excerpt(text: string, position: Pick<FilePosition, "line" | "column">): string | undefined {
  const lines = text.split(/\r?\n/);
  const line = lines[position.line - 1];
  if (line === undefined || line.trim() === "") return undefined;
  if (mayHoldSecret(lines, position.line - 1)) return undefined;
  const number = String(position.line);
  // Tabs stay tabs, so that the caret lands below its character.
  const lead = line.slice(0, position.column - 1).replace(/[^\t]/g, " ");
  return `${number} | ${line}\n${" ".repeat(number.length)} | ${lead}^`;
}

function mayHoldSecret(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? "";
  if (keysOf(line).some((key) => SECRET_KEY.test(key))) return true;
  let indent = indentOf(line);
  for (let at = index - 1; at >= 0 && indent > 0; at -= 1) {
    const above = lines[at] ?? "";
    if (above.trim() === "" || indentOf(above) >= indent) continue;
    indent = indentOf(above);
    if (keysOf(above).some((key) => SECRET_KEY.test(key))) return true;
  }
  return false;
}

/** Every `key:` of a line, flow mappings included. A word is tried from its beginning only: a line may be a megabyte. */
function keysOf(line: string): string[] {
  return [...line.matchAll(/(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]+)["']?\s*:(?=\s|$|["'{[])/g)].map(
    (match) => match[1] ?? "",
  );
}

/** A list item belongs to the key above it even where both start in the same column. */
function indentOf(line: string): number {
  const spaces = line.length - line.trimStart().length;
  return line.trimStart().startsWith("- ") ? spaces + 1 : spaces;
}

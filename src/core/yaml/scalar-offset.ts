import type { Scalar } from "yaml";

const ESCAPE_LENGTH: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };

/**
 * The offset in the file of one character of a string. YAML strings are not copied from the file one to one: quotes,
 * escapes, indentation and folded line ends stand between. Walks both in step; exact for one-line strings, and for
 * folded ones right to the word.
 */
export function offsetInScalar(text: string, scalar: Scalar<string>, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  let at = start;
  if (scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE") at += 1;
  // The header of a block scalar (`>-`, `|2`) ends with its line.
  if (scalar.type === "BLOCK_FOLDED" || scalar.type === "BLOCK_LITERAL") at = text.indexOf("\n", start) + 1;
  for (let i = 0; i < offset && at < end; i += 1) at = step(text, scalar, at, scalar.value[i] ?? "");
  const wanted = scalar.value[offset];
  if (wanted !== undefined && !/\s/.test(wanted)) while (at < end && /\s/.test(text[at] ?? "")) at += 1;
  return Math.min(at, end);
}

/** Where the next character of the value starts, after `char` at or behind `at`. */
function step(text: string, scalar: Scalar<string>, at: number, char: string): number {
  let next = at;
  if (/\s/.test(char)) {
    if (text[next] === "\\") return next + 2;
    if (text[next] !== "\n" && /\s/.test(text[next] ?? "")) return next + 1;
    while (/[ \t\r\n]/.test(text[next] ?? "")) next += 1;
    return next;
  }
  while (/\s/.test(text[next] ?? "") && text[next] !== char) next += 1;
  if (scalar.type === "QUOTE_DOUBLE" && text[next] === "\\") return next + (ESCAPE_LENGTH[text[next + 1] ?? ""] ?? 2);
  if (scalar.type === "QUOTE_SINGLE" && char === "'") return next + 2;
  return next + 1;
}

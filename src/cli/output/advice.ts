import { displayWidth, oneLine, wrap } from "./text.ts";

/** With what a command begins that is to be typed; at the beginning of an advice, or behind the words that lead to it. */
const COMMAND = /(?<=^|[:;,] )(?:redisha|redis-cli|valkey-cli|ssh|sudo|systemctl|sysctl|apt-get) /;

/**
 * What to do, led by `first`: words are wrapped to `width` columns, and a command in them stays in one line, from its first
 * word on, so that it can be copied where the terminal breaks it, and nothing is typed that a line break has cut.
 */
export function wrapAdvice(advice: string, width: number, first: string, rest: string): string {
  const text = oneLine(advice);
  const at = text.search(COMMAND);
  if (at < 0) return wrap(text, width, first, rest);
  const command = text.slice(at);
  if (at === 0) return first + command;
  const words = wrap(text.slice(0, at), width, first, rest);
  const last = words.slice(words.lastIndexOf("\n") + 1);
  const fits = displayWidth(last) + 1 + displayWidth(command) <= width;
  return `${words}${fits ? " " : `\n${rest}`}${command}`;
}

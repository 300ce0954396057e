const WORDS: readonly (readonly [RegExp, string])[] = [
  [/REFUSED/, "refused"],
  [/TIMEOUT|TIMED_OUT|SILENT/, "no answer"],
  [/HOST_KEY/, "host key"],
  [/WRONGPASS|AUTH|PASSWORD|NOPERM/, "login refused"],
  [/TLS/, "TLS"],
  [/PROTECTED/, "protected mode"],
];

/** The code of a failed connection in words short enough for a column; the reason above the table says the rest. */
export function reachWord(code: string | null): string {
  if (code === null) return "down";
  return WORDS.find(([pattern]) => pattern.test(code))?.[1] ?? "unreachable";
}

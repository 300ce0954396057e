/** Words made of these need no quotes in any shell. `=` is left out: as a first word it would be an assignment. */
const BARE = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * One word for a POSIX shell, whatever it holds: spaces, quotes, newlines, `$`, nothing at all. The only way by which
 * values become part of shell text. Throws on a NUL, which no argument can hold.
 */
export function quote(word: string): string {
  if (word.includes("\0")) throw new RangeError("an argument cannot hold a NUL character");
  return BARE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that a shell reads back as exactly these words; also how commands are shown to people. */
export function quoteAll(argv: readonly string[]): string {
  return argv.map(quote).join(" ");
}

/** A file of a multi-part append-only file (7.0 and later). */
export interface AofPart {
  readonly name: string;
  readonly seq: number;
  /** `b` the base, `i` increments on top of it, `h` parts that are not needed any more. */
  readonly type: "b" | "i" | "h";
}

/**
 * Reads a manifest: one file a line, `file NAME seq N type T`, names quoted where they hold spaces. Undefined for what a
 * server would refuse: another word, two bases, increments out of order.
 */
export function readAofManifest(text: string): AofPart[] | undefined {
  const parts: AofPart[] = [];
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^file (?:"((?:[^"\\]|\\.)*)"|(\S+)) seq (\d+) type ([bih])(?: |$)/.exec(line);
    const name = match?.[1]?.replace(/\\(.)/g, "$1") ?? match?.[2];
    const type = match?.[4];
    if (name === undefined || name.includes("/") || (type !== "b" && type !== "i" && type !== "h")) return undefined;
    parts.push({ name, seq: Number(match?.[3]), type });
  }
  const increments = parts.filter((part) => part.type === "i").map(({ seq }) => seq);
  const ordered = increments.every((seq, index) => index === 0 || seq > (increments[index - 1] ?? 0));
  return parts.filter(({ type }) => type === "b").length <= 1 && ordered ? parts : undefined;
}

/** The text that `readAofManifest` reads back to the same parts. */
export function printAofManifest(parts: readonly AofPart[]): string {
  return parts.map(({ name, seq, type }) => `file ${quoted(name)} seq ${seq} type ${type}\n`).join("");
}

function quoted(name: string): string {
  return /^[^\s"'\\]+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}

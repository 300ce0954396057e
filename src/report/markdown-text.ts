/** A heading with what stands under it; nothing where there is nothing. */
export function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `## ${title}\n\n${lines.join("\n")}`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Words that stay words: nothing in them becomes mark-up, HTML or a new line. */
export function text(words: string): string {
  return oneLine(words)
    .replace(/[\\`*_[\]#~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;");
}

/** A code span: its fence is longer than any run of backticks inside. */
export function code(words: string): string {
  const content = oneLine(words);
  const longest = Math.max(0, ...[...content.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = content.startsWith("`") || content.endsWith("`") || content === "" ? " " : "";
  return `${fence}${pad}${content}${pad}${fence}`;
}

function oneLine(words: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return words.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}

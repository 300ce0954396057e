import type { Claim } from "./bench.ts";
import type { Timing } from "./measure.ts";

/** What one bench gave, and where and when. */
export interface Result {
  readonly bench: string;
  readonly date: string;
  readonly commit: string;
  readonly cores: number;
  /** Load average of the machine right afterwards: over the number of cores, others were at work. */
  readonly load: number;
  readonly timings: readonly Timing[];
  readonly claims: readonly Claim[];
}

const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";

/** The text of docs/evidence.md with the rows of these benches renewed; the rows of others stay as they were. */
export function evidence(text: string, results: readonly Result[]): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to === -1) throw new RangeError(`docs/evidence.md has lost its lines ${BEGIN} and ${END}`);
  const renewed = new Set(results.map(({ bench }) => command(bench)));
  const kept = text
    .slice(from, to)
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| Promise") && !line.startsWith("| ---"))
    .filter((line) => ![...renewed].some((one) => line.includes(one)));
  const rows = [...kept, ...results.flatMap(rowsOf)];
  const table = ["| Promise | Shown by | Last seen | Commit, date, machine |", "| --- | --- | --- | --- |", ...rows];
  return `${text.slice(0, from)}${BEGIN}\n\n${table.join("\n")}\n\n${text.slice(to)}`;
}

function rowsOf({ bench, date, commit, cores, load, claims }: Result): string[] {
  return claims.map(({ promise, figure, quickest, met }) => {
    const missed = met === false ? ", **missed**" : "";
    const seen = `${figure}${quickest ? `; quickest runs ${quickest}` : ""}${missed}`;
    return `| ${promise.replaceAll("|", "\\|")} | ${command(bench)} | ${seen} | ${commit}, ${date}, ${cores} cores, load ${load} |`;
  });
}

function command(bench: string): string {
  return `\`npm run bench ${bench}\``;
}

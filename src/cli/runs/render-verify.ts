import { plural } from "../output/format.ts";
import type { Theme } from "../output/theme.ts";
import type { RunsVerifyResult } from "./results.ts";

/** A line per journal: whether its chain holds, or where it does not. A digest is whole, to be compared with a report. */
export function renderVerified({ journals }: RunsVerifyResult, theme: Theme): string {
  const { symbols } = theme;
  const lines = journals.map(({ run, ok, lines: count, fault, exit, digest }) => {
    if (ok) return `${theme.good(`${symbols.ok} holds`)}  ${run}  ${plural(count, "line")}  ${theme.dim(digest)}`;
    const look = exit === 0 ? theme.warn(`${symbols.warn} cut short`) : theme.bad(`${symbols.bad} broken`);
    return `${look}  ${run}  ${fault}`;
  });
  return lines.length === 0 ? "No journals." : lines.join("\n");
}

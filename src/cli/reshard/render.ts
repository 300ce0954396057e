import { formatDuration } from "../../core/units.ts";
import { printRanges } from "../../topology/parse/slots.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { plural } from "../output/format.ts";
import type { Theme } from "../output/theme.ts";
import { renderSummary } from "../render/summary.ts";
import { type ReshardResult, reshardResult } from "./result.ts";

/** What a reshard came to: who has which slots now, and what it cost the clients. */
export function renderReshard(summary: RunSummary, result: ReshardResult, theme: Theme): string {
  const lines = [renderSummary({ ...summary, outputs: {} }, theme)];
  const { moves, slots, keys, keys_per_second: rate, longest_ms: longest, retries } = result;
  for (const { from, to, slots: ranges, count } of moves) {
    lines.push(`  ${theme.strong(to)} has ${plural(count, "slot")} of ${from}: ${printRanges(ranges)}`);
  }
  if (summary.status === "done" && slots === 0) lines.push("  every slot was where it belongs");
  if (rate !== null) lines.push(`  ${plural(keys, "key")} moved, ${rate.toLocaleString("en")} a second`);
  if (longest !== null && longest > 0) {
    lines.push(
      `  no server was kept from its clients, or held their writes back, for longer than ${formatDuration(longest)}`,
    );
  }
  if (retries > 0)
    lines.push(`  ${plural(retries, "time")} somebody did not answer, and it went on from what it found`);
  return lines.join("\n");
}

/** The same in few words, of a run that was gone on with. */
export function shownReshard(summary: RunSummary): Readonly<Record<string, string>> {
  const { moves, slots, keys, keys_per_second: rate, longest_ms: longest } = reshardResult(summary);
  if (slots === 0) return {};
  const ways = moves.map((move) => `${move.count} from ${move.from} to ${move.to}: ${printRanges(move.slots)}`);
  return {
    slots: ways.join("; "),
    ...(rate === null ? {} : { keys: `${keys.toLocaleString("en")}, ${rate.toLocaleString("en")} a second` }),
    ...(longest === null ? {} : { "held up": `clients for ${formatDuration(longest)} at most` }),
  };
}

import { formatDuration } from "../../core/units.ts";
import type { RunEvent } from "../../engine/events.ts";
import { displayWidth, oneLine, truncate } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

export type DrillSample = Extract<RunEvent, { type: "drill_sample" }>;
type DrillPhase = Extract<RunEvent, { type: "drill_phase" }>;

/** Phases in words; marks that are not known here as they are. */
const PHASE_WORD: ReadonlyMap<string, string> = new Map([
  ["sdown", "detected (+sdown)"],
  ["odown", "agreed (+odown)"],
  ["pfail", "suspected (pfail)"],
  ["fail", "agreed (fail)"],
  ["elected", "leader elected"],
  ["switch_master", "+switch-master"],
  ["first_write", "first write on the new primary"],
  ["clients_back", "all clients back"],
  ["old_primary_told", "old primary told to follow"],
  ["old_primary_back", "old primary follows"],
  ["redundant", "redundant again"],
]);

/** A phase with its time after the fault. */
export function phaseText({ phase, after_ms, detail }: DrillPhase, theme: Theme): string {
  const word = theme.strong(PHASE_WORD.get(phase) ?? phase.replaceAll("_", " "));
  const after = after_ms === null ? "" : `${theme.accent(`${after_ms < 0 ? "-" : "+"}${exact(Math.abs(after_ms))}`)} `;
  return `${after}${word}${detail === "" ? "" : ` ${theme.dim(oneLine(detail))}`}`;
}

/** Seconds to a hundredth, so that two phases that follow each other closely can be told apart: `+5.02s`. */
function exact(ms: number): string {
  return ms < 60_000 ? `${(ms / 1_000).toFixed(2)}s` : formatDuration(ms);
}

/** Samples that are kept of each probe: at four a second, more than any line is wide. */
const MOST_SAMPLES = 240;
const PER_SECOND = 4;
/** Columns for the words behind the bars: `12345/s 123.4ms`. */
const WORDS = 16;

interface Seen {
  readonly samples: { readonly acked: number; readonly failed: number }[];
  latency: number | null;
  /** When something was acknowledged last, or when it was first heard of; milliseconds as `at` is. */
  alive: number;
  most: number;
}

/** More probes than this are shown as one line for each kind: their names but for the number. */
const MOST_LINES = 8;

/** What the probes of a drill did of late, a line each: bars for acknowledgements, a cross where there was none. */
export class DrillLines {
  readonly #theme: Theme;
  readonly #probes = new Map<string, Seen>();
  #now = 0;

  constructor(theme: Theme) {
    this.#theme = theme;
  }

  hear(event: DrillSample): void {
    this.#now = Date.parse(event.at);
    for (const { name, acked, failed, latency_ms } of fewer(event.probes)) {
      const seen = this.#probes.get(name) ?? { samples: [], latency: null, alive: this.#now, most: 0 };
      this.#probes.set(name, seen);
      seen.samples.push({ acked, failed });
      if (seen.samples.length > MOST_SAMPLES) seen.samples.shift();
      seen.most = Math.max(seen.most, acked);
      seen.latency = latency_ms;
      if (acked > 0) seen.alive = this.#now;
    }
  }

  /** Nothing was heard for a while: the probes have stopped. `at` is in milliseconds. */
  isOver(at: number): boolean {
    return at - this.#now > 2_000;
  }

  /** A line per probe, none wider than `width`. */
  lines(width: number): string[] {
    const names = [...this.#probes.keys()];
    const longest = Math.min(16, Math.max(0, ...names.map(displayWidth)));
    const room = Math.max(8, width - longest - WORDS - 4);
    return names.map((name) => this.#line(name, longest, room));
  }

  #line(name: string, nameWidth: number, room: number): string {
    const { symbols } = this.#theme;
    const seen = this.#probes.get(name);
    if (!seen) return "";
    const shown = seen.samples.slice(-room);
    const bars = shown.map((sample) => this.#cell(sample, seen.most)).join("");
    const title = truncate(name, nameWidth, symbols.ellipsis).padEnd(nameWidth);
    return `${title} ${bars}${" ".repeat(room - shown.length)} ${this.#words(seen)}`;
  }

  #cell({ acked, failed }: { acked: number; failed: number }, most: number): string {
    const { symbols, good, bad, warn, dim } = this.#theme;
    if (acked === 0) return failed > 0 ? bad(symbols.bad) : dim(symbols.dot);
    const level = Math.ceil((acked / Math.max(1, most)) * symbols.bars.length) - 1;
    return (failed > 0 ? warn : good)(symbols.bars.charAt(Math.max(0, level)));
  }

  #words({ samples, latency, alive }: Seen): string {
    const { acked } = samples.at(-1) ?? { acked: 0 };
    if (acked === 0) return this.#theme.bad(`none for ${formatDuration(this.#now - alive)}`);
    return `${acked * PER_SECOND}/s ${latency === null ? "" : `${latency.toFixed(1)}ms`}`.trim();
  }
}

function fewer(probes: DrillSample["probes"]): DrillSample["probes"] {
  if (probes.length <= MOST_LINES) return probes;
  const kinds = Map.groupBy(probes, ({ name }) => name.replace(/-\d+$/, ""));
  return [...kinds].map(([name, its]) => {
    const latencies = its.map(({ latency_ms }) => latency_ms).filter((value) => value !== null);
    return {
      name: its.length === 1 ? name : `${name} x${its.length}`,
      acked: its.reduce((sum, { acked }) => sum + acked, 0),
      failed: its.reduce((sum, { failed }) => sum + failed, 0),
      latency_ms: latencies.length === 0 ? null : Math.max(...latencies),
    };
  });
}

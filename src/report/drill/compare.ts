import type { DrillFigures } from "../../drill/report-schema.ts";
import { amount, time } from "./words.ts";

/** A figure that drills are compared by. */
interface Compared {
  readonly figure: keyof DrillFigures;
  readonly label: string;
  readonly words: (value: number | null) => string;
}

/** In the order in which one asks: what it cost, how fast each step was, what it took along. */
export const COMPARED: readonly Compared[] = [
  { figure: "write_outage_ms", label: "write outage", words: time },
  { figure: "read_outage_ms", label: "read outage", words: time },
  { figure: "lost_writes", label: "lost writes", words: amount },
  { figure: "lost_writes_any", label: "lost writes, every client", words: amount },
  { figure: "detection_ms", label: "detected", words: time },
  { figure: "agreement_ms", label: "agreed", words: time },
  { figure: "promotion_ms", label: "promoted", words: time },
  { figure: "first_write_ms", label: "first write", words: time },
  { figure: "all_back_ms", label: "all clients back", words: time },
  { figure: "redundant_ms", label: "redundant again", words: time },
  { figure: "two_primaries_ms", label: "two primaries", words: time },
  { figure: "resyncs_full", label: "full resyncs", words: amount },
  { figure: "resyncs_partial", label: "partial resyncs", words: amount },
];

/** The value of a figure as a number; flags are none. */
export function figureOf(figures: DrillFigures, figure: keyof DrillFigures): number | null {
  const value = figures[figure];
  return typeof value === "number" ? value : null;
}

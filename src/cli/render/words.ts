import { formatBytes, formatDuration } from "../../core/units.ts";
import type { RunEvent, StepStatus } from "../../engine/events.ts";
import type { Theme } from "../output/theme.ts";

type Progress = Extract<RunEvent, { type: "op_progress" }>;

/** How a status reads. */
export const STATUS_WORD: Readonly<Record<StepStatus, string>> = {
  planned: "planned",
  skipped_condition: "skipped",
  skipped_done: "skipped, done before",
  running: "running",
  ok: "ok",
  changed: "changed",
  failed: "failed",
  in_doubt: "outcome unknown",
  cancelled: "cancelled",
};

/** The word of a status behind its symbol, in its colour. */
export function statusText(status: StepStatus, theme: Theme): string {
  const { symbols } = theme;
  const word = STATUS_WORD[status];
  if (status === "ok") return theme.good(`${symbols.ok} ${word}`);
  if (status === "changed") return theme.accent(`${symbols.ok} ${word}`);
  if (status === "failed") return theme.bad(`${symbols.bad} ${word}`);
  if (status === "in_doubt") return theme.bad(`${symbols.unknown} ${word}`);
  if (status === "cancelled") return theme.warn(`${symbols.warn} ${word}`);
  return theme.dim(`${symbols.none} ${word}`);
}

/** From where the rate of an op is reckoned: times in milliseconds, as `at` is. */
export interface ProgressBase {
  readonly begun: number;
  readonly at: number;
  readonly done: number;
}

/** An op that begins now. */
export function progressBegins(at: string): ProgressBase {
  return { begun: Date.parse(at), at: Date.parse(at), done: 0 };
}

/** The base after an event: what is told in the first second may have been done before the op began, and says nothing of its rate. */
export function progressBase({ at, done }: Progress, known: ProgressBase | undefined): ProgressBase | undefined {
  if (!known || done === undefined || Date.parse(at) - known.begun >= 1_000) return known;
  return { ...known, at: Date.parse(at), done };
}

/**
 * `message 1.2 GiB of 4.0 GiB (30%), 45.0 MiB/s, 1m 02s left`. Rate and estimate are of the whole time since `base`, so
 * that they do not jump.
 */
export function progressText(event: Progress, base: ProgressBase | undefined): string {
  const { message, done, total, unit } = event;
  if (done === undefined) return message;
  const amount = (value: number) => (unit === "bytes" ? formatBytes(value) : `${value}${unit ? ` ${unit}` : ""}`);
  const parts = [total === undefined ? amount(done) : `${amount(done)} of ${amount(total)} (${percent(done, total)})`];
  const seconds = base === undefined ? 0 : (Date.parse(event.at) - base.at) / 1_000;
  const moved = done - (base?.done ?? 0);
  if (seconds >= 1 && moved > 0) {
    const rate = moved / seconds;
    parts.push(`${amount(unit === "bytes" ? rate : Math.round(rate))}/s`);
    if (total !== undefined && total > done) parts.push(`${formatDuration(((total - done) / rate) * 1_000)} left`);
  }
  return `${message} ${parts.join(", ")}`;
}

function percent(done: number, total: number): string {
  return total === 0 ? "100%" : `${Math.floor((100 * done) / total)}%`;
}

/** What stands behind the name of a step: ` on r1, r2`, the first where they are many; nothing where it is done here. */
export function targetsText(targets: readonly string[]): string {
  if (targets.length === 0 || targets.every((target) => target === "controller")) return "";
  const named = targets.length <= 4 ? targets : [...targets.slice(0, 3), `${targets.length - 3} more`];
  return ` on ${named.join(", ")}`;
}

import type { SkippedDrill } from "../../drill/history.ts";

/** Says what was left out of the history, and why. */
export function warnOfSkipped(skipped: readonly SkippedDrill[], warn: (text: string) => void): void {
  for (const { path, why } of skipped) warn(`${path} is left out: ${why}`);
}

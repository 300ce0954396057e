import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import type { EventError } from "../../engine/events.ts";
import type { SweepResult } from "../../use-cases/sweep/sweep.ts";
import type { Theme } from "../output/theme.ts";

/** A line for each sweep, with what it found below it. */
export function renderSweeps(sweeps: readonly SweepResult[], theme: Theme): string {
  if (sweeps.length === 0) return "Nothing to sweep: no runbook that changes something has a test";
  return sweeps.flatMap((sweep) => lines(sweep, theme)).join("\n");
}

/** What was found, as the command's error; undefined where every crash was got over. */
export function sweepsFailure(sweeps: readonly SweepResult[]): EventError | undefined {
  const found = sweeps.flatMap(({ runbook, findings }) => findings.map(() => runbook));
  if (found.length === 0) return undefined;
  return {
    code: "CRASH_SWEEP_FAILED",
    exit: EXIT.verificationFailed,
    message: `${found.length} of the crashes were not got over (${[...new Set(found)].join(", ")})`,
    next: ["look at the steps named above: what tells whether they took effect, and what takes them back?"],
  };
}

function lines({ runbook, on, findings, ...counts }: SweepResult, { good, bad, dim, symbols }: Theme): string[] {
  const { kills, moments, rollback_moments, asked, duration_ms } = counts;
  const head = findings.length === 0 ? good(symbols.ok) : bad(symbols.bad);
  const numbers = `${kills} kills at ${moments} + ${rollback_moments} moments, ${asked} questions, ${formatDuration(duration_ms)}`;
  const below = findings.map(({ pass, moment, what }) => `    ${bad(what)} ${dim(`(${pass}, killed ${moment})`)}`);
  return [`${head} ${runbook}: ${on} ${dim(numbers)}`, ...below];
}

import { sleep } from "../../core/abort.ts";
import { formatDuration } from "../../core/units.ts";
import { quitKeys } from "../output/quit-keys.ts";
import { openScreen } from "../output/screen.ts";
import type { TextStream } from "../output/streams.ts";
import { type Theme, themeFor } from "../output/theme.ts";
import { renderStatusDiff } from "./diff.ts";
import type { StatusReport } from "./render-status.ts";

export interface WatchOptions {
  readonly intervalMs: number;
  readonly stdout: TextStream;
  /** True where the screen may be drawn over. */
  readonly inPlace: boolean;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly observe: (signal: AbortSignal) => Promise<StatusReport>;
  readonly render: (report: StatusReport, previous: StatusReport | undefined) => string;
}

/**
 * Looks again and again until it is told to stop, a reader goes away, or `q` is pressed; returns the last look. On a
 * terminal the screen is drawn over and changes are marked; elsewhere each change is a line with its time.
 */
export async function watchStatus(options: WatchOptions): Promise<StatusReport | undefined> {
  const { stdout, intervalMs } = options;
  const theme = themeFor(stdout);
  const quit = new AbortController();
  const stopped = AbortSignal.any([options.signal, quit.signal]);
  const screen = options.inPlace ? openScreen(stdout, () => process.stdout.rows ?? 24) : undefined;
  const keys = options.inPlace ? quitKeys(() => quit.abort()) : undefined;
  let previous: StatusReport | undefined;
  try {
    while (!stopped.aborted && !stdout.closed) {
      const report = await options.observe(stopped);
      if (screen) screen.draw(`${head(report, intervalMs, theme)}\n\n${options.render(report, previous)}`);
      else for (const line of changeLines(report, previous, options)) stdout.write(`${line}\n`);
      previous = report;
      await sleep(intervalMs, stopped);
    }
  } catch (error) {
    if (!stopped.aborted) throw error;
  } finally {
    keys?.close();
    screen?.end();
  }
  return previous;
}

function head(report: StatusReport, intervalMs: number, theme: Theme): string {
  const at = report.topology.observed_at.slice(0, 19).replace("T", " ");
  return theme.dim(`Every ${formatDuration(intervalMs)}  ${at}Z  changes are marked  q to quit`);
}

/** The whole view at first, then a line for each change. */
function changeLines(report: StatusReport, previous: StatusReport | undefined, options: WatchOptions): string[] {
  if (!previous) return [options.render(report, undefined)];
  const at = report.topology.observed_at;
  return renderStatusDiff(previous, report, themeFor(options.stdout)).map((line) => `${at} ${line}`);
}

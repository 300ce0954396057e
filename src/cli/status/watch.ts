import { sleep } from "../../core/abort.ts";
import { formatDuration } from "../../core/units.ts";
import { type QuitKey, quitKeys } from "../output/quit-keys.ts";
import { openScreen } from "../output/screen.ts";
import type { TextStream } from "../output/streams.ts";
import { themeFor } from "../output/theme.ts";
import { renderStatusDiff } from "./diff.ts";
import type { RenderReport, StatusReport } from "./render-status.ts";

export interface WatchOptions<R> {
  readonly intervalMs: number;
  /** Ends the watch; a look under way is given up. */
  readonly signal: AbortSignal;
  /** True once nobody reads any more. */
  readonly closed: () => boolean;
  readonly look: () => Promise<R>;
  readonly display: WatchDisplay<R>;
}

/** Where the looks of a watch are shown. */
export interface WatchDisplay<R> {
  show(report: R, previous: R | undefined): void | Promise<void>;
  /** Gives the terminal back as it was. */
  end(): void;
}

/** Looks again and again until it is told to stop or its reader goes away; the last look, where there was one. */
export async function watchStatus<R>(options: WatchOptions<R>): Promise<R | undefined> {
  const { signal, display } = options;
  let previous: R | undefined;
  try {
    while (!signal.aborted && !options.closed()) {
      const report = await options.look();
      await display.show(report, previous);
      previous = report;
      await sleep(options.intervalMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    display.end();
  }
  return previous;
}

/** Drawn over in place, with what changed marked; `quit` is called when q or Ctrl-C is pressed. */
export function screenDisplay(
  stdout: TextStream,
  render: RenderReport,
  intervalMs: number,
  quit: (key: QuitKey) => void,
): WatchDisplay<StatusReport> {
  const theme = themeFor(stdout);
  const screen = openScreen(stdout, () => process.stdout.rows ?? 24);
  const keys = quitKeys(quit);
  return {
    show(report, previous) {
      const at = report.topology.observed_at.slice(0, 19).replace("T", " ");
      const head = theme.dim(`Every ${formatDuration(intervalMs)}  ${at}Z  changes are marked  q to quit`);
      screen.draw(`${head}\n\n${render(report, previous)}`, () => `${head}\n\n${render(report, previous, true)}`);
    },
    end() {
      keys.close();
      screen.end();
    },
  };
}

/** For logs and pipes: the whole view at first, then a line with its time for each change. */
export function linesDisplay(stdout: TextStream, render: RenderReport): WatchDisplay<StatusReport> {
  const theme = themeFor(stdout);
  return {
    show(report, previous) {
      if (!previous) stdout.write(render(report, undefined));
      else {
        for (const line of renderStatusDiff(previous, report, theme)) {
          stdout.write(`${report.topology.observed_at} ${line}\n`);
        }
      }
    },
    end() {},
  };
}

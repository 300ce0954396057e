import { RedishaError } from "../../core/errors.ts";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { catchInterrupts } from "../interrupts.ts";
import type { Invocation } from "../invocation.ts";
import type { QuitKey } from "../output/quit-keys.ts";
import type { RenderReport, StatusReport } from "./render-status.ts";
import { linesDisplay, screenDisplay, type WatchDisplay, watchStatus } from "./watch.ts";
import { withoutWatchAdvice } from "./watch-advice.ts";

interface Look extends StatusReport {
  readonly exit: ExitCode;
}

/** Something that can be looked at again and again over the same connections. */
interface Watched<R extends Look> {
  look(): Promise<R>;
  close(): Promise<void>;
}

export interface WatchDeploymentOptions<R extends Look> {
  readonly open: (signal: AbortSignal) => Promise<Watched<R>>;
  readonly intervalMs: number;
  readonly invocation: Invocation;
  readonly render: RenderReport;
  /** Prints one look in a machine format. */
  readonly printResult: (report: R) => Promise<void>;
}

/**
 * Watches until `q`, Ctrl-C or SIGTERM, or until the reader goes away; gives back the last look. After a signal its exit
 * code is 130 or 143. Fails with INTERRUPTED where nothing was seen until then.
 */
export async function watchDeployment<R extends Look>(options: WatchDeploymentOptions<R>): Promise<R> {
  const { invocation, intervalMs } = options;
  const { stdout } = invocation.streams;
  const quit = new AbortController();
  const interrupts = catchInterrupts();
  const signal = AbortSignal.any([interrupts.pause, quit.signal]);
  const interrupted = () => interrupts.exitCode() ?? (quit.signal.reason === "ctrl-c" ? EXIT.interrupted : undefined);
  const watched = await options.open(signal);
  try {
    const display = displayOf(options, (key) => quit.abort(key));
    const last = await watchStatus({
      intervalMs,
      signal,
      closed: () => stdout.closed,
      look: async () => withoutWatchAdvice(await watched.look()),
      display,
    });
    if (last) return { ...last, exit: interrupted() ?? last.exit };
    throw new RedishaError({
      code: "INTERRUPTED",
      message: "stopped before anything was seen",
      exit: interrupted() ?? EXIT.interrupted,
      state: "nothing was changed",
    });
  } finally {
    interrupts.release();
    await watched.close();
  }
}

function displayOf<R extends Look>(options: WatchDeploymentOptions<R>, quit: (key: QuitKey) => void): WatchDisplay<R> {
  const { invocation, render } = options;
  const { stdout } = invocation.streams;
  if (invocation.format !== "table" && invocation.format !== "wide") {
    return { show: (report) => options.printResult(report), end: () => {} };
  }
  if (stdout.isTty && invocation.streams.animate) return screenDisplay(stdout, render, options.intervalMs, quit);
  return linesDisplay(stdout, render);
}

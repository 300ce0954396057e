import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs work that stops by a signal: Ctrl-C, SIGTERM and SIGHUP abort it with INTERRUPTED (exit 130 or 143) as the reason.
 * `state` says what state things are in once it has stopped.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>, state: string): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void =>
    controller.abort(
      new RedishaError({
        code: "INTERRUPTED",
        message: `stopped by ${name}`,
        exit: name === "SIGINT" ? EXIT.interrupted : EXIT.terminated,
        state,
      }),
    );
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

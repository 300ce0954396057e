import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/**
 * Runs work that stops by a signal: Ctrl-C and SIGTERM abort it with INTERRUPTED (exit 130 or 143) as the reason.
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
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

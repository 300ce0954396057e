import { RedishaError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";

/** Waits, or rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", stopped, { once: true });
    function done() {
      signal.removeEventListener("abort", stopped);
      resolve();
    }
    function stopped() {
      clearTimeout(timer);
      reject(signal.reason);
    }
  });
}

/**
 * What the work gives, or a failure with `reason()` as soon as the signal aborts. The work is left to end by itself: how it does,
 * nobody may be left to hear, and a failure that nobody hears ends a process.
 */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: () => unknown = () => signal.reason,
): Promise<T> {
  work.catch(() => undefined);
  if (signal.aborted) throw reason();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(reason());
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Runs `work` with a signal of its own that aborts with the outer one or after `ms`. Fails with `late` when the time is
 * up, even where the work does not heed its signal.
 */
export async function withTimeout<T>(
  ms: number,
  outer: AbortSignal,
  late: { code: string; message: string; host?: string } | (() => RedishaError),
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const relay = () => own.abort(outer.reason);
  outer.throwIfAborted();
  outer.addEventListener("abort", relay, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work(own.signal),
      new Promise<never>((_, reject) => {
        own.signal.addEventListener("abort", () => reject(own.signal.reason), { once: true });
        const failure = () =>
          late instanceof Function ? late() : new RedishaError({ ...late, exit: EXIT.outcomeUnknown });
        timer = setTimeout(() => own.abort(failure()), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", relay);
  }
}

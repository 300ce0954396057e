import { RedishaError } from "../core/errors.ts";

/** What the operator, or the system, asked for by signals. */
export interface Interrupts {
  /** The first signal: finish the current op, then pause. */
  readonly pause: AbortSignal;
  /** The second signal: stop now. */
  readonly stop: AbortSignal;
  /** The exit code that the first signal asks for (130 or 143); undefined while none came. */
  exitCode(): 130 | 143 | undefined;
  /** Gives the signals back to their defaults. */
  release(): void;
}

/**
 * Takes over Ctrl-C (SIGINT), SIGTERM and SIGHUP for a command that can pause. Commands that only look do not call it: their
 * process may end at once.
 */
export function catchInterrupts(onFirst: () => void = () => {}): Interrupts {
  const pause = new AbortController();
  const stop = new AbortController();
  let code: 130 | 143 | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (code === undefined) {
      code = signal === "SIGINT" ? 130 : 143;
      pause.abort(interrupted(signal, code));
      onFirst();
    } else {
      stop.abort(interrupted(signal, code));
    }
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, handle);
  return {
    pause: pause.signal,
    stop: stop.signal,
    exitCode: () => code,
    release() {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}

function interrupted(signal: NodeJS.Signals, exit: 130 | 143): RedishaError {
  return new RedishaError({ code: "INTERRUPTED", message: `Stopped by ${signal}.`, exit });
}

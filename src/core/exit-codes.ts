/**
 * The one table of exit codes, for every command. It is a stable interface: scripts, cron and CI read it.
 * An unknown code must be treated as a failure.
 */
export const EXIT = {
  done: 0,
  failedSafe: 1,
  usage: 2,
  warnings: 3,
  gateRefused: 4,
  lockHeld: 5,
  cannotConnect: 6,
  paused: 7,
  outcomeUnknown: 8,
  unhealthy: 9,
  verificationFailed: 10,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One line per exit code, as help and docs print it. */
export const EXIT_MEANING: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: "done",
  [EXIT.failedSafe]: "failed; the state is safe and stated in the error",
  [EXIT.usage]: "usage or configuration error; nothing was touched",
  [EXIT.warnings]: "done, with warnings",
  [EXIT.gateRefused]: "a gate refused: preflight, budget or missing confirmation",
  [EXIT.lockHeld]: "another run holds the lock",
  [EXIT.cannotConnect]: "cannot connect or authenticate",
  [EXIT.paused]: "paused; needs the operator",
  [EXIT.outcomeUnknown]: "outcome unknown; look before you repeat",
  [EXIT.unhealthy]: "the deployment is unhealthy",
  [EXIT.verificationFailed]: "verification failed",
  [EXIT.interrupted]: "interrupted (Ctrl-C)",
  [EXIT.terminated]: "terminated (SIGTERM, SIGHUP)",
};

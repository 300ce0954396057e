/** The signals that say something about a server: crash, ask to stop, hang, wake. */
export const SIGNALS = ["SIGKILL", "SIGTERM", "SIGSTOP", "SIGCONT", "SIGINT", "SIGHUP", "SIGSEGV", "SIGUSR1"] as const;
export type LabSignal = (typeof SIGNALS)[number];

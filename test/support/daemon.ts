import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A program that goes on until it is stopped: `await using proxy = startDaemon("haproxy", ["-db", "-f", file])`. */
export interface Daemon extends AsyncDisposable {
  /** What it wrote so far. */
  log(): string;
  /** Undefined while it runs. */
  readonly exit: number | string | undefined;
  /** By its id; a second call does nothing. */
  stop(): Promise<void>;
}

/** Starts it with the system's own folders in PATH, and `env` beside the environment of the test. */
export function startDaemon(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Daemon {
  const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
  const child: ChildProcess = spawn(program, argv, {
    env: { ...process.env, PATH: path, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  let exit: number | string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      log += chunk;
    });
  }
  child.once("error", (error) => {
    exit = error.message;
  });
  child.once("exit", (code, signal) => {
    exit ??= signal ?? code ?? "";
  });
  const stop = async (): Promise<void> => {
    if (exit !== undefined) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return {
    log: () => log,
    get exit() {
      return exit;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

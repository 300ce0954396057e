import { type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Ending, HostProcess } from "./launcher.ts";

/** Starts a program of this machine, as the leader of a process group of its own. Rejects where it cannot be started. */
export async function spawned(
  argv: readonly string[],
  options: SpawnOptionsWithoutStdio = {},
): Promise<ChildProcessWithoutNullStreams> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { ...options, detached: true });
  await once(child, "spawn");
  return child;
}

/** A started program as a HostProcess. */
export function asHostProcess(
  child: ChildProcessWithoutNullStreams,
  judge: (ending: Ending) => Promise<Ending> | Ending = (ending) => ending,
): HostProcess {
  const ended = new Promise<Ending>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  }).then(judge);
  // Whoever let go of it does not wait for its end.
  ended.catch(() => undefined);
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    release: () => {
      child.kill("SIGKILL");
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
    },
  };
}

import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { harnessPath } from "./paths.ts";

/**
 * Starts the keeper of a fleet: a process that takes it down when this one ends without having done so, be it by SIGKILL.
 * The returned function sends it home once there is nothing left to keep.
 */
export function startKeeper(folder: string): () => void {
  const log = openSync(join(folder, "keeper.log"), "a");
  const child = spawn(process.execPath, [harnessPath("keeper.ts"), folder], {
    // A session of its own: Ctrl-C on the terminal is not for it.
    detached: true,
    cwd: "/",
    // The kernel closes the pipe when this process is gone; that is all the keeper waits for.
    stdio: ["pipe", log, log],
  });
  child.unref();
  child.stdin?.on("error", () => {});
  return () => void child.stdin?.end();
}

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A server has nothing to save: it ends at once, or does not heed the signal. */
const GRACE_MS = 5_000;

/**
 * Processes whose working directory is `folder`: a server goes to its `dir` when it starts. Read from the kernel, because
 * a file with a pid may be missing after a crash, or name a pid that is somebody else's by now.
 */
export function processesIn(folder: string): number[] {
  return numbered("/proc").filter((pid) => folderOf(pid) === folder && pid !== process.pid);
}

/** Ends processes: asked first, then made to. Returns when they are gone. */
export async function endAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, "SIGTERM");
  for (const end = Date.now() + GRACE_MS; pids.some(isThere); await sleep(10)) {
    if (Date.now() > end) break;
  }
  for (const pid of pids.filter(isThere)) signal(pid, "SIGKILL");
  while (pids.some(isThere)) await sleep(10);
}

function isThere(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function numbered(directory: string): number[] {
  try {
    return readdirSync(directory).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It was faster.
  }
}

import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Names one process for good: a pid alone may belong to somebody else by now. */
export interface ProcessIdentity {
  readonly controller: string;
  /** Changes with each boot; empty where the system has none. */
  readonly boot: string;
  readonly pid: number;
  /** Clock ticks since the boot; 0 where the system does not tell. */
  readonly start: number;
}

export function thisProcess(): ProcessIdentity {
  return { controller: hostname(), boot: bootId(), pid: process.pid, start: startOf(process.pid)?.start ?? 0 };
}

/** Whether it still runs. One of another machine (a state directory on NFS) cannot be asked: it counts as alive. */
export function isAlive(other: ProcessIdentity): boolean {
  if (other.controller !== hostname()) return true;
  if (other.boot !== bootId()) return false;
  const found = startOf(other.pid);
  if (found) return found.state !== "Z" && (other.start === 0 || found.start === other.start);
  // Where there is no /proc only the pid is known.
  return other.start === 0 && answers(other.pid);
}

function bootId(): string {
  return read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Fields 3 and 22 of /proc/<pid>/stat (proc(5)). The name in field 2 may hold spaces and parentheses: counted from behind it. */
function startOf(pid: number): { state: string; start: number } | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && { state: fields[0] ?? "", start: Number(fields[19]) };
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

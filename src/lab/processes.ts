import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RedishaError } from "../core/errors.ts";

/**
 * Which processes belong to a lab is read from the kernel, not from pid files: a pid file may be missing (killed between
 * start and write) or name a pid that is somebody else's by now. Three marks, each enough:
 * - standard error is a file in the lab's folder: servers and sshd, which overwrite their environment for their title;
 * - `REDISHA_LAB` in the environment: key generators, and what people start in SSH sessions on the lab's hosts;
 * - it works in the lab's folder and has no terminal: servers that a runbook has started again. A shell has one.
 */
const MARK = "REDISHA_LAB";

export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot; with the pid it names a process for good. */
  readonly startTime: number;
  readonly stopped: boolean;
  /** The file that standard error goes to; undefined where it is a pipe or a terminal. */
  readonly log: string | undefined;
}

/** What `spawn` needs so that the process is known to be of the lab in `folder`. Nothing else of our environment is passed on. */
export function labEnvironment(folder: string): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: "C", [MARK]: folder };
}

/** The living processes of the lab in `folder`, except this one and those that started it. */
export function findProcesses(folder: string): FoundProcess[] {
  if (process.platform !== "linux") {
    throw new RedishaError({
      code: "LAB_NEEDS_LINUX",
      message: "a lab needs Linux: it uses all of 127.0.0.0/8 and /proc",
      state: "nothing was touched",
      next: ["run it in a Linux virtual machine or container"],
    });
  }
  const found = new Map<number, FoundProcess>();
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (!stat || stat.state === "Z") continue;
    parents.set(pid, stat.parent);
    const log = read(() => readlinkSync(`/proc/${pid}/fd/2`));
    if (log?.startsWith(`${folder}/`) || isMarked(pid, folder) || (!stat.terminal && worksIn(pid, folder))) {
      found.set(pid, { pid, parent: stat.parent, startTime: stat.startTime, stopped: stat.state === "T", log });
    }
  }
  for (let pid: number | undefined = process.pid; pid; pid = parents.get(pid)) found.delete(pid);
  return [...found.values()];
}

/** Of the processes that write to `log`, the one that was started first: the server, not a child that saves or serves a session. */
export function mainProcess(found: readonly FoundProcess[], log: string): FoundProcess | undefined {
  const writers = found.filter((each) => each.log === log);
  return writers.find((each) => !writers.some((other) => other.pid === each.parent));
}

/** A server and all that descends from it, the server first: children that save, and of an sshd its sessions and what they run. */
export function familyOf(found: readonly FoundProcess[], log: string): FoundProcess[] {
  const family = [mainProcess(found, log)].filter((each) => each !== undefined);
  for (const member of family) family.push(...found.filter((each) => each.parent === member.pid));
  return family;
}

/** Sends a signal, after making sure that the pid still is the process that was found. False where it is gone. */
export function sendSignal(target: FoundProcess, signal: NodeJS.Signals): boolean {
  if (startTimeOf(target.pid) !== target.startTime) return false;
  try {
    return process.kill(target.pid, signal);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

/**
 * True once none of the processes is left; false where some are after `timeoutMs`. A zombie counts as gone, once its other
 * threads are: a server of many megabytes still holds its port while these end.
 */
export async function waitUntilGone(targets: readonly FoundProcess[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (targets.some((target) => isAlive(target))) {
    if (Date.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

function isAlive(target: { pid: number; startTime: number }): boolean {
  const stat = statOf(target.pid);
  return stat !== undefined && stat.startTime === target.startTime && (stat.state !== "Z" || stat.threads > 1);
}

export function isStopped(target: { pid: number }): boolean {
  return statOf(target.pid)?.state === "T";
}

/** When the process started, in clock ticks since boot; undefined where there is no such process. */
export function startTimeOf(pid: number): number | undefined {
  return statOf(pid)?.startTime;
}

/** Starts a server that outlives us: a session of its own, no terminal, everything it says appended to `log`. */
export function spawnServer(
  argv: readonly [string, ...string[]],
  options: { folder: string; cwd: string; log: string },
): ChildProcess {
  const out = openSync(options.log, "a", 0o600);
  try {
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      cwd: options.cwd,
      detached: true,
      stdio: ["ignore", out, out],
      env: labEnvironment(options.folder),
    });
    child.unref();
    return child;
  } finally {
    closeSync(out);
  }
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly terminal: boolean;
  readonly threads: number;
  readonly startTime: number;
}

function statOf(pid: number): Stat | undefined {
  const text = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (!fields) return undefined;
  const [state = "", parent, , , terminal] = fields;
  const [threads, startTime] = [Number(fields[17]), Number(fields[19])];
  return { state, parent: Number(parent), terminal: terminal !== "0", threads, startTime };
}

function worksIn(pid: number, folder: string): boolean {
  return read(() => readlinkSync(`/proc/${pid}/cwd`))?.startsWith(`${folder}/`) ?? false;
}

function isMarked(pid: number, folder: string): boolean {
  return (
    read(() => readFileSync(`/proc/${pid}/environ`, "utf8"))
      ?.split("\0")
      .includes(`${MARK}=${folder}`) ?? false
  );
}

/** Undefined where a process went away while it was looked at, or belongs to somebody else. */
function read<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

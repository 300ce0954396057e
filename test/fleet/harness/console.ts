import { readFileSync } from "node:fs";
import { attempt, type Ended, type RunOptions } from "./run.ts";

const NAMESPACES = ["mount", "uts", "ipc", "net", "pid", "cgroup"].map((kind) => `--${kind}`);
const ENVIRONMENT = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  ...["HOME=/root", "USER=root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"],
];

/** Runs a bash command as root of the host whose process 1 has this pid; `procs` lists the cgroup that one is in. */
export function atConsole(init: number, procs: string, command: string, options: RunOptions): Promise<Ended> {
  // It joins process 1 in the host's own group, so that it hangs and dies with the host.
  const joined = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', procs];
  const entered = ["nsenter", `--target=${init}`, ...NAMESPACES, "--root", "--wd"];
  // Root of the host may do less than root of this machine, whose clock for one it would otherwise set.
  const confined = ["env", "-i", ...ENVIRONMENT, "setpriv", `--bounding-set=${missingCapabilities(init)}`];
  const [program = "", ...argv] = [...joined, ...entered, ...confined, "bash", "-c", command];
  return attempt(program, argv, { timeoutMs: 60_000, ...options });
}

/** What a process can never do, in the words of setpriv: `-cap_16,-cap_17`. */
function missingCapabilities(pid: number): string {
  const bounds = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0"}`);
  const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  const all = Array.from({ length: last + 1 }, (_, capability) => capability);
  return all
    .filter((capability) => ((bounds >> BigInt(capability)) & 1n) === 0n)
    .map((capability) => `-cap_${capability}`)
    .join(",");
}

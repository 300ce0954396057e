import { z } from "zod";

/** How a server is run on its host: all that it takes to stop it and to start it again in the same way. */
export const serviceSchema = z.strictObject({
  unit: z.string().nullable().describe("The systemd unit that it belongs to; null for a process that nobody manages"),
  pid: z.int(),
  started: z.string().describe("Clock ticks since boot; with the pid it names the process for good"),
  uid: z.int(),
  user: z.string(),
  /** What follows is for a process without a unit. */
  program: z.string().describe("Absolute path of the server program"),
  config_file: z.string().describe("Empty where it was started without one"),
  sentinel: z.boolean(),
  directory: z.string().describe("Its working directory"),
  stdout: z.string().describe("The file that it writes to, or /dev/null"),
  stderr: z.string(),
  open_files: z.string().describe("Soft limit: a number or `unlimited`"),
});
export type Service = z.infer<typeof serviceSchema>;

/** Of a process, as its host shows it; words separated by newlines, see LOOK_AT_PROCESS. */
export interface ProcessFacts {
  readonly started: string;
  readonly uid: number;
  readonly user: string;
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly openFiles: string;
  readonly unit: string | null;
}

/**
 * `$1` the pid. Prints one fact a line. Field 22 of stat is the start time (proc(5)); the name in field 2 may hold spaces.
 * The unit is the last part of the control group: /system.slice/redis-server.service. A user's own session is no unit.
 */
export const LOOK_AT_PROCESS = `
p=/proc/$1
[ -r "$p/stat" ] || { echo gone; exit 0; }
sed 's/.*) //' "$p/stat" | awk '{ print $20 }'
uid=$(awk '/^Uid:/ { print $2 }' "$p/status")
echo "$uid"
getent passwd "$uid" 2>/dev/null | cut -d: -f1 | grep . || echo "$uid"
readlink "$p/cwd" || echo /
for n in 1 2; do
  f=$(readlink "$p/fd/$n" 2>/dev/null)
  if [ -f "$f" ]; then echo "$f"; else echo /dev/null; fi
done
awk '/^Max open files/ { print $4 }' "$p/limits"
unit=$(sed -n 's/^0::.*\\/\\([^/]*\\.service\\)$/\\1/p; s/^[0-9]*:name=systemd:.*\\/\\([^/]*\\.service\\)$/\\1/p' "$p/cgroup" 2>/dev/null | head -n 1)
case $unit in ''|user@*) echo - ;; *) command -v systemctl >/dev/null 2>&1 && systemctl cat -- "$unit" >/dev/null 2>&1 && echo "$unit" || echo - ;; esac`;

/**
 * A shell function `others FOLDER PROGRAM LOG` that prints the pids of servers that run in a folder, whoever started them: a
 * start that was cut off may have left one that nobody has the number of. A person's shell that stands there is none.
 */
export const FIND_OTHERS = `
others() {
  for p in /proc/[0-9]*; do
    [ "$(readlink "$p/cwd" 2>/dev/null)" = "$1" ] || continue
    case $(sed 's/.*) //' "$p/stat" 2>/dev/null | cut -c1) in ''|Z) continue ;; esac
    if tr '\\0' ' ' <"$p/cmdline" 2>/dev/null | grep -qF -- "\${2##*/}"; then echo "\${p#/proc/}"
    elif [ "$3" != /dev/null ] && [ "$(readlink "$p/fd/1" 2>/dev/null)" = "$3" ]; then echo "\${p#/proc/}"; fi
  done
}`;

/** Reads what LOOK_AT_PROCESS printed; undefined where there is no such process, or it may not be looked at. */
export function readProcess(text: string): ProcessFacts | undefined {
  const [started = "", uid = "", user = "", directory = "", stdout = "", stderr = "", openFiles = "", unit = "-"] = text
    .trimEnd()
    .split("\n");
  if (!/^\d+$/.test(started) || !/^\d+$/.test(uid)) return undefined;
  return {
    started,
    uid: Number(uid),
    user,
    directory,
    stdout,
    stderr,
    openFiles: /^(\d+|unlimited)$/.test(openFiles) ? openFiles : "1024",
    unit: unit === "-" ? null : unit,
  };
}

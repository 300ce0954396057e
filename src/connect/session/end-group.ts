import type { Launcher } from "./launcher.ts";

/**
 * Ends the process group of `$1`: asks, waits up to two seconds, insists. Fails where anything of it is left.
 * Every session of sshd is a session and a process group of its own, so nothing else is hit.
 */
const END_GROUP = `
group=$1
if { IFS= read -r stat </proc/$1/stat; } 2>/dev/null; then
  set -- "$1" \${stat##*) }
  group=$4
fi
[ "$group" -gt 1 ] || exit 1
kill -TERM "-$group" 2>/dev/null || exit 0
tries=0
while kill -0 "-$group" 2>/dev/null; do
  tries=$((tries + 1))
  if [ $tries -eq 20 ]; then kill -KILL "-$group" 2>/dev/null; fi
  if [ $tries -ge 40 ]; then exit 1; fi
  sleep 0.1
done
exit 0`;

/** How long the host may take to end a process group before it counts as not ended. */
const PATIENCE_MS = 8_000;

/** Ends a process and its group on the host, over this connection or, where it is full, a second one. */
export async function endGroup(launcher: Launcher, pid: number, become: boolean): Promise<boolean> {
  let spare: Launcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  const attempt = async (): Promise<boolean> => {
    try {
      return await endThrough(launcher, pid, become);
    } catch {
      if (launcher.closed) return false;
      spare = await launcher.another();
      return await endThrough(spare, pid, become);
    }
  };
  try {
    return await Promise.race([attempt().catch(() => false), patience]);
  } finally {
    clearTimeout(timer);
    await spare?.close();
  }
}

async function endThrough(launcher: Launcher, pid: number, become: boolean): Promise<boolean> {
  const { process, header } = await launcher.launch({ shell: END_GROUP, args: [String(pid)], become });
  process.stdin.on("error", () => undefined);
  process.stdin.end(header);
  process.stdout.resume();
  process.stderr.resume();
  return (await process.ended).code === 0;
}

import type { Launcher } from "./launcher.ts";

/**
 * Ends the process group of `$1`: asks, waits up to two seconds, insists. Fails where anything of it is left.
 * Every session of sshd is a session and a process group of its own, so nothing else is hit. What has ended and was only
 * not waited for yet (a zombie) does not count: in a container it may stay for good.
 */
const END_GROUP = `
state_and_group() { { IFS= read -r stat <"$1"; } 2>/dev/null && stat=\${stat##*) }; }
living() {
  [ -r /proc/self/stat ] || { kill -0 "-$group" 2>/dev/null; return; }
  for file in /proc/[0-9]*/stat; do
    state_and_group "$file" || continue
    set -- $stat
    if [ "$3" = "$group" ] && [ "$1" != Z ] && [ "$1" != X ]; then return 0; fi
  done
  return 1
}
group=$1
if state_and_group "/proc/$1/stat"; then
  set -- $stat
  group=$3
fi
[ "$group" -gt 1 ] || exit 1
kill -TERM "-$group" 2>/dev/null || exit 0
tries=0
while living; do
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

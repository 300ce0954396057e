import { z } from "zod";
import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { ownPort } from "../../inventory/ports.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";

/** A process for good: a pid is given to somebody else one day, a pid with its start time is not. */
export const processSchema = z.strictObject({
  pid: z.int().min(2),
  start_time: z.int().describe("Clock ticks between the host's boot and its start"),
});

export type ServerProcess = z.infer<typeof processSchema>;

/**
 * Shell functions that read /proc. A pid alone is no proof: the one that INFO names counts inside of the server's own pid
 * namespace, and may be anything outside of it. The server is the process that holds the listening socket of the port.
 */
export const PROC = `
started() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- \${stat##*) }
  echo "\${20}"
}
state() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || { echo gone; return; }
  stat=\${stat##*) }
  echo "\${stat%% *}"
}
# Whether the process $1 that started at $2 runs; one that only waits to be reaped does not.
lives() {
  [ "$(started "$1")" = "$2" ] || return 1
  case $(state "$1") in Z | X | gone) return 1 ;; esac
}
listens() {
  hex=$(printf ':%04X' "$2")
  for inode in $(cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null |
    awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }'); do
    ls -l "/proc/$1/fd" 2>/dev/null | grep -q -F "socket:[$inode]" && return 0
  done
  return 1
}
is_server() {
  [ -d "/proc/$1" ] || { echo "refused there is no process $1"; exit 0; }
  listens "$1" "$2" || { echo "refused process $1 does not listen on port $2"; exit 0; }
}
`;

const LOOK = `${PROC}
is_server "$1" "$2"
echo "start_time $(started "$1")"
`;

/** The process that INFO names, proven on the host to be the server of the targeted instance. Fails with FAULT_NOT_THAT_SERVER. */
export async function serverProcess(context: ActionContext): Promise<ServerProcess> {
  const instance = instanceOf(context);
  const pid = await pidOf(instance, context);
  const shell = await context.shell(instance.host);
  const lines = await answerOf(shell, instance, LOOK, [String(pid), String(ownPort(instance))], context.signal);
  return { pid, start_time: Number(lines.get("start_time")) };
}

async function pidOf(instance: Instance, context: ActionContext): Promise<number> {
  const connection = await context.redis(instance);
  const info = String(await connection.command(["INFO", "server"], { signal: context.signal }));
  return Number(/^process_id:(\d+)/m.exec(info)?.[1] ?? 0);
}

/**
 * Runs one of our scripts as root and reads what it printed: `name value` a line. Fails with FAULT_NOT_THAT_SERVER where it
 * refused, and with FAULT_FAILED where it did not come to its end.
 */
export async function answerOf(
  shell: HostConnection,
  instance: Instance,
  script: string,
  args: readonly string[],
  signal: AbortSignal,
  onStdout?: (chunk: Buffer) => void,
): Promise<ReadonlyMap<string, string>> {
  const watching = onStdout ? { onStdout } : {};
  const { code, stdout, stderr } = await shell.script(script, args, { become: true, signal, ...watching });
  const refused = /^refused (.*)$/m.exec(stdout)?.[1];
  if (refused !== undefined) throw notThatServer(instance, refused);
  if (code !== 0) throw failed(instance, (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "");
  return new Map(
    stdout.split("\n").map((line): [string, string] => {
      const space = line.indexOf(" ");
      return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
    }),
  );
}

function notThatServer({ id, host }: Instance, why: string): RedishaError {
  return new RedishaError({
    code: "FAULT_NOT_THAT_SERVER",
    message: `${host.name} does not have ${id} where INFO says that it is: ${why}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was done to it",
    next: ["a server in a container has pids of its own: give the host an ssh section that leads into the container"],
  });
}

function failed({ id, host }: Instance, said: string): RedishaError {
  return new RedishaError({
    code: "FAULT_FAILED",
    message: `The script for ${id} failed on ${host.name}: ${said}`,
    host: id,
    state: "look at the server before you go on",
    next: [`redisha status`],
  });
}

import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { ownPort } from "../../inventory/ports.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import { answerOf, PROC } from "./server-process.ts";

/** Everything that it takes to start a server again as it was. */
export const homeSchema = z.strictObject({
  pid: z.int().min(2),
  start_time: z.int(),
  unit: z.string().nullable().describe("systemd unit whose main process it is"),
  enabled: z.boolean().describe("The unit is started when the host boots"),
  config_file: z.string().nullable(),
  argv: z.array(z.string()).describe("Program and arguments, where no unit starts it; empty where nothing is known"),
  user: z.string(),
  cwd: z.string(),
  stdout: z.string().describe("File that it writes to; empty for anything else"),
  stderr: z.string(),
});

export type ServerHome = z.infer<typeof homeSchema>;

/** Where the server of the targeted instance lives and who started it. Fails with FAULT_NOT_THAT_SERVER. */
export async function serverHome(context: ActionContext, instance = instanceOf(context)): Promise<ServerHome> {
  const connection = await context.redis(instance);
  const info = String(await connection.command(["INFO", "server"], { signal: context.signal }));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
  const pid = Number(field("process_id"));
  const shell = await context.shell(instance.host);
  const found = await answerOf(shell, instance, LOOK, [String(pid), String(ownPort(instance))], context.signal);
  const configFile = field("config_file") || null;
  const executable = field("executable");
  const words = (found.get("argv") ?? "").split("\t");
  return {
    pid,
    start_time: Number(found.get("start_time")),
    unit: found.get("unit") || null,
    enabled: ["enabled", "enabled-runtime", "static", "alias", "indirect", "generated"].includes(
      found.get("enabled") ?? "",
    ),
    config_file: configFile,
    argv: executable && configFile ? [...launcherOf(words, executable), executable, configFile] : [],
    user: found.get("user") ?? "root",
    cwd: found.get("cwd") || "/",
    stdout: found.get("stdout") ?? "",
    stderr: found.get("stderr") ?? "",
  };
}

/**
 * Redis writes its title over its arguments, so that what it was started with is not there any more; what stood before
 * its own name, such as a loader, is.
 */
function launcherOf(words: readonly string[], executable: string): readonly string[] {
  const own = words.findIndex((word) => word === executable || word.startsWith(`${executable} `));
  return own < 0 ? [] : words.slice(0, own);
}

/** Refuses what could not be started again. */
export function refuseHomeless({ unit, argv }: ServerHome, { id, host }: Instance): void {
  if (unit !== null || argv.length > 0) return;
  throw new RedishaError({
    code: "FAULT_NO_WAY_BACK",
    message: `${id} on ${host.name} runs under no systemd unit and without a configuration file: redisha would not know how to start it again.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was done to it",
    next: ["another fault needs no start: --mode hang, --mode partition"],
  });
}

const LOOK = `${PROC}
is_server "$1" "$2"
echo "start_time $(started "$1")"
echo "user $(stat -c %U "/proc/$1")"
echo "cwd $(readlink "/proc/$1/cwd")"
for fd in 1:stdout 2:stderr; do
  file=$(readlink "/proc/$1/fd/\${fd%:*}")
  [ -f "$file" ] && [ "\${file#/}" != "$file" ] && echo "\${fd#*:} $file"
done
echo "argv $(tr '\\n\\t' '  ' <"/proc/$1/cmdline" | tr '\\0' '\\t')"
unit=$(sed -n 's|.*/\\([^/]*\\.service\\)$|\\1|p' "/proc/$1/cgroup" | head -n 1)
if [ -n "$unit" ] && [ "$(systemctl show -p MainPID --value "$unit" 2>/dev/null)" = "$1" ]; then
  echo "unit $unit"
  echo "enabled $(systemctl is-enabled "$unit" 2>/dev/null)"
fi
`;

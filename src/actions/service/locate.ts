import { type Directive, directivesOf, parseConf } from "../../conf/conf-file.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { ownPort } from "../../inventory/ports.ts";
import type { ActionContext } from "../contract.ts";
import type { Service } from "./descriptor.ts";
import { onHostOf } from "./shell.ts";

/** A server that does not run, as its configuration tells of it. */
export interface StoppedServer {
  readonly service: Service;
  readonly directives: readonly Directive[];
  /** `redis` or `valkey`, as its program says. */
  readonly engine: string;
  readonly version: string;
  readonly arch_bits: number;
}

/** Prints unit, program and configuration file of every unit that starts a server, a line each. A template starts nothing. */
const UNITS = `
command -v systemctl >/dev/null 2>&1 || exit 0
{ systemctl list-unit-files --type=service --no-legend --plain 'redis*' 'valkey*' 'keydb*'
  systemctl list-units --all --type=service --no-legend --plain 'redis*' 'valkey*' 'keydb*'; } 2>/dev/null |
awk '{ print $1 }' | grep -v '@[.]service$' | sort -u | while read -r unit; do
  line=$(systemctl show -p ExecStart --value -- "$unit" 2>/dev/null | sed -n 's/.*argv\\[\\]=\\([^;]*\\) ;.*/\\1/p' | head -n 1)
  set -f
  set -- $line
  [ $# -ge 2 ] && case $2 in /*) echo "$unit $1 $2" ;; esac
done
true`;

/** `$1` the configuration file. */
const READ = 'cat -- "$1"';

/** `$1` the folder of the data, `$2` the unit or -, then programs. Prints uid and name of its user, the program, its version. */
const FACTS = `
dir=$1 unit=$2
shift 2
user=
[ "$unit" = - ] || user=$(systemctl show -p User --value -- "$unit")
[ -n "$user" ] || user=$(stat -c %U -- "$dir")
id -u -- "$user" || exit 1
echo "$user"
for program in "$@"; do
  path=$(command -v -- "$program") || continue
  echo "$path"
  "$path" --version && exit 0
done
echo "no program of: $*" >&2
exit 1`;

/**
 * How a server would be run that does not run now: by the unit whose configuration file names its port, or from the file
 * that the operator named. Fails with RESTORE_INSTANCE_DOWN where neither is known, and as the SSH connection does.
 */
export async function locateStopped(
  instance: Instance,
  named: string | undefined,
  context: ActionContext,
): Promise<StoppedServer> {
  const failure = {
    code: "RESTORE_INSTANCE_DOWN",
    what: `${instance.id} does not answer, and how it is run cannot be told`,
    state: "nothing was changed",
    next: whatNext(instance),
  };
  const units = (await onHostOf(instance, context, UNITS, [], failure))
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  const candidates = units.map((line) => {
    const [unit = "", program = "", file = ""] = line.split(" ");
    return { unit, program, file };
  });
  if (named !== undefined && !candidates.some(({ file }) => file === named)) {
    candidates.push({ unit: "-", program: "", file: named });
  }
  for (const { unit, program, file } of candidates) {
    if (named !== undefined && file !== named) continue;
    const text = await onHostOf(instance, context, READ, [file], failure).catch((error: unknown) => {
      if (file === named) throw error;
      return "";
    });
    const directives = directivesOf(parseConf(text));
    if (text === "" || !listensOn(ownPort(instance), directives) || directives.some(({ name }) => name === "sentinel"))
      continue;
    return describe(instance, { unit, program, file }, directives, failure, context);
  }
  throw unknown(instance, named);
}

async function describe(
  instance: Instance,
  found: { readonly unit: string; readonly program: string; readonly file: string },
  directives: readonly Directive[],
  failure: Parameters<typeof onHostOf>[4],
  context: ActionContext,
): Promise<StoppedServer> {
  const { engine } = context.deployment;
  const dir = lastOf(directives, "dir") ?? "";
  if (!dir.startsWith("/")) throw unknown(instance, found.file);
  const programs = [
    ...(engine.directory === undefined ? [] : [`${engine.directory}/bin/${engine.name}-server`]),
    ...(found.program === "" ? [`${engine.name}-server`, "redis-server", "valkey-server"] : [found.program]),
  ];
  const said = await onHostOf(instance, context, FACTS, [dir, found.unit, ...programs], failure);
  const [uid = "", user = "", program = "", banner = ""] = said.trim().split("\n");
  const match = /^(Redis|Valkey) server v=(\S+).*\bbits=(\d+)/i.exec(banner);
  return {
    service: {
      unit: found.unit === "-" ? null : found.unit,
      pid: 0,
      started: "-",
      uid: Number(uid),
      user,
      program,
      config_file: found.file,
      sentinel: false,
      directory: dir,
      stdout: "/dev/null",
      stderr: "/dev/null",
      open_files: "1024",
    },
    directives,
    engine: match?.[1]?.toLowerCase() ?? engine.name,
    version: match?.[2] ?? engine.version ?? "unknown",
    arch_bits: Number(match?.[3] ?? 64),
  };
}

/** The last value of a directive: as Redis reads its file. */
export function lastOf(directives: readonly Directive[], name: string): string | undefined {
  return directives.findLast((each) => each.name === name)?.values.join(" ");
}

/** A port of 0 is switched off; without the directive it is 6379. */
function listensOn(port: number, directives: readonly Directive[]): boolean {
  return [lastOf(directives, "port") ?? "6379", lastOf(directives, "tls-port")].includes(String(port));
}

function unknown(instance: Instance, named: string | undefined): RedishaError {
  const { id, host } = instance;
  const port = ownPort(instance);
  return new RedishaError({
    code: "RESTORE_INSTANCE_DOWN",
    message:
      named === undefined
        ? `${id} does not answer, and no systemd unit of ${host.name} starts a server on port ${port}: where it keeps its data, and how it is run, is not known.`
        : `${id} does not answer, and ${named} is not the configuration file of a server on port ${port} with an absolute dir.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: whatNext(instance),
  });
}

function whatNext({ id }: Instance): string[] {
  return [
    `name its configuration file: --config-file ${id}=/etc/redis/redis.conf`,
    "redisha restore --to-scratch: look at the data meanwhile",
  ];
}

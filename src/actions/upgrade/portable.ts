import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { carriage } from "../../upgrade/packaged.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { describeService } from "../service/describe.ts";
import { onHostOf } from "../service/shell.ts";
import { CONF_WALK } from "./carry-scripts.ts";

/** `$1` project, `$2` unit, `$3` its configuration file. Prints what cannot be carried over, a clause a line. */
const LOOK = `
export LC_ALL=C
from=$1 unit=$2 conf=$3
${CONF_WALK}
case $(systemctl is-enabled -- "$unit" 2>/dev/null) in enabled*) ;; *) echo "$unit is not enabled" ;; esac
for f in "/etc/systemd/system/$unit.d"/*.conf "/etc/systemd/system/\${unit%%@*}@.service.d"/*.conf; do
  [ -f "$f" ] || continue
  ! grep -qE '^[[:space:]]*(ExecStart|User|Group|RootDirectory|RootImage)=' "$f" || echo "$f names a program or a user"
done
walk "$conf" | while read -r file; do
  values 'aclfile|unixsocket' "$file" | while read -r f; do
    case $f in "/etc/$from/"*) ;; *) echo "$f of $file: it would not be there, or not be written to" ;; esac
  done
  { values "$files" "$file"; scripts "$file"; } | while read -r f; do
    case $f in "/etc/$from/"*) continue ;; esac
    runuser -u nobody -- test -r "$f" || echo "$f of $file: only users of $from may read it"
  done
  scripts "$file" | while read -r f; do
    case $f in "/etc/$from/"*) echo "$f of $file: only users of $from may read it" ;; esac
  done
done`;

/** Whether packages of another project could run a server as those of its own do. */
export const upgradePortable = defineAction({
  name: "upgrade.portable",
  summary:
    "Fails unless the server is run as packages run it, and all that its configuration names could be had under another project's user",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({ engine: z.string().describe("Whose packages are to run it: redis or valkey") }),
  output: z.strictObject({}),
  example: `- id: portable
  action: upgrade.portable
  targets: { role: data }
  with: { engine: valkey }`,
  commands: () => [{ transport: "script", text: "systemctl is-enabled UNIT; look at its drop-ins and CONFIG_FILE" }],
  async run({ engine }, context) {
    const instance = instanceOf(context);
    const service = await describeService(instance, context);
    const way = carriage(service, engine);
    if (way?.from === engine) return { outputs: {}, changed: false };
    if (!way) {
      const by = service.unit === null ? "no unit" : `${service.unit} with ${service.config_file || "no file"}`;
      throw notPortable(instance, engine, [`it is run by ${by}, not as packages do it`]);
    }
    const failure = { code: "UPGRADE_CONFIG_NOT_READ", what: "its files cannot be read", state: "nothing was touched" };
    const args = [way.from, service.unit ?? "", service.config_file];
    const objections = (await onHostOf(instance, context, LOOK, args, failure))
      .split("\n")
      .filter((line) => line !== "");
    if (objections.length > 0) throw notPortable(instance, engine, [...new Set(objections)]);
    return { outputs: {}, changed: false };
  },
});

function notPortable({ id, host }: Instance, engine: string, objections: readonly string[]): RedishaError {
  return new RedishaError({
    code: "UPGRADE_NOT_PORTABLE",
    message: `${id} cannot be carried over to packages of ${engine}: ${objections.join("; ")}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [
      `on ${host.name}: have it be as the packages make it`,
      `or bring a folder of programs to every host, and leave the rest as it is: --directory /opt/${engine}`,
    ],
  });
}

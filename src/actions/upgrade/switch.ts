import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { KEEP_STOPPED_MS, keepStopped } from "./keep-stopped.ts";

/** Says which program a unit starts; what the package says stays below it. */
const DROP_IN = "60-redisha-engine.conf";

/**
 * `$1` the run, `$2` unit or `-`, `$3` program or `-`, `$4` more words for it, then files, its configuration first. Copies
 * each file beside itself, the older copy stays; then has the unit start the program with the words that it has for its own.
 * Packages forbid a unit what is not below /usr, so it is allowed the program's folder.
 */
const SWITCH = `
set -e
run=$1 unit=$2 program=$3 more=$4
shift 4
for f in "$@"; do
  [ -e "$f" ] || continue
  [ -e "$f.redisha-$run" ] || { cp -p -- "$f" "$f.redisha-part"; mv -f -- "$f.redisha-part" "$f.redisha-$run"; }
done
[ "$unit" != - ] && [ "$program" != - ] || exit 0
words=$(systemctl show -p ExecStart --value -- "$unit" | sed -n 's/.*argv\\[\\]=[^ ]* \\([^;]*\\) ;.*/\\1/p' | head -n 1)
case " $words " in *" $more "*) ;; *) words="$words $more" ;; esac
d=/etc/systemd/system/$unit.d
mkdir -p "$d"
f=$d/${DROP_IN}
[ ! -e "$f" ] || [ -e "$f.redisha-$run" ] || cp -p -- "$f" "$f.redisha-$run"
printf '[Service]\\nExecStart=\\nExecStart=%s %s\\nExecPaths=%s\\n' "$program" "$words" "$(dirname -- "$(dirname -- "$program")")" >"$f.part"
mv -f -- "$f.part" "$f"
systemctl daemon-reload`;

/** The same arguments. Puts the copies back; a drop-in that had no copy goes. */
const SWITCH_BACK = `
set -e
run=$1 unit=$2 program=$3
shift 4
for f in "$@"; do [ ! -e "$f.redisha-$run" ] || mv -f -- "$f.redisha-$run" "$f"; done
[ "$unit" != - ] && [ "$program" != - ] || exit 0
f=/etc/systemd/system/$unit.d/${DROP_IN}
if [ -e "$f.redisha-$run" ]; then mv -f -- "$f.redisha-$run" "$f"; else rm -f -- "$f"; fi
systemctl daemon-reload`;

const input = z.strictObject({
  service: serviceSchema.describe("How it was run until now: outputs of service.stop"),
  program: z
    .string()
    .nullable()
    .describe("The server program of the release; null where packages replace it in its place"),
  files: z.array(z.string()).default([]).describe("Other files that it will write in a new form"),
});
type Input = z.output<typeof input>;

/** Has a server that is stopped start as another release from now on; the files it will rewrite are kept beside themselves. */
export const upgradeSwitch = defineAction({
  name: "upgrade.switch",
  summary:
    "Points the stopped server's unit, or its start command, to another program, and keeps a copy of its configuration",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({ service: serviceSchema.describe("How it is run from now on: for service.start") }),
  example: `- id: switch
  action: upgrade.switch
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", program: /opt/valkey-9.1/bin/valkey-server }
  undo: { action: upgrade.switch_back, with: { service: "\${{ steps.stop.outputs.service }}", program: /opt/valkey-9.1/bin/valkey-server } }`,
  commands: ({ service, program }) => [
    {
      transport: "script",
      text: `cp -p ${service.config_file || "CONFIG_FILE"} aside${program === null ? "" : `; ${service.unit ?? "start"} runs ${program}`}`,
    },
  ],
  takesMs: () => KEEP_STOPPED_MS,
  async run(given, context) {
    await keepStopped(given.service, context);
    const failure = {
      code: "UPGRADE_NOT_SWITCHED",
      what: `${instanceOf(context).id} could not be switched`,
      state: "it is stopped",
    };
    await onHostOf(instanceOf(context), context, SWITCH, args(given, context.life.id), failure);
    const { service, program } = given;
    return { outputs: { service: program === null ? service : { ...service, program } }, changed: true };
  },
  repeatable: true,
  mayFailHalfway: true,
});

/** Takes back what upgrade.switch did. */
export const upgradeSwitchBack = defineAction({
  name: "upgrade.switch_back",
  summary: "Points the stopped server back to the program it had, with the configuration it had",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: back
  action: upgrade.switch_back
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", program: /opt/valkey-9.1/bin/valkey-server }
  undo: none`,
  commands: ({ service, program }) => [
    {
      transport: "script",
      text: `mv ${service.config_file}.redisha-RUN back${program === null ? "" : `; ${service.unit ?? "start"} runs ${service.program}`}`,
    },
  ],
  takesMs: () => KEEP_STOPPED_MS,
  async run(given, context) {
    await keepStopped(given.service, context);
    const failure = {
      code: "UPGRADE_NOT_SWITCHED",
      what: `${instanceOf(context).id} could not be switched back`,
      state: "it is stopped",
    };
    await onHostOf(instanceOf(context), context, SWITCH_BACK, args(given, context.life.id), failure);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

function args({ service, program, files }: Input, run: string): string[] {
  const kept = [service.config_file, ...files].filter((file) => file !== "");
  // Packages start a Sentinel by a program of its own, which only its name makes one.
  return [run, service.unit ?? "-", program ?? "-", service.sentinel ? "--sentinel" : "", ...kept];
}

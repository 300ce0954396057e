import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { KEEP_STOPPED_MS, keepStopped } from "./keep-stopped.ts";

/** `$1` directives, a line each, then configuration files: adds those that a file does not have. */
const ADD = `
set -e
lines=$1
shift
for f in "$@"; do
  printf '%s\\n' "$lines" | while read -r name rest; do
    [ -z "$name" ] || grep -qi "^[[:space:]]*$name[[:space:]]" "$f" || printf '\\n%s %s\\n' "$name" "$rest" >>"$f"
  done
done`;

/**
 * `$1` the run, `$2` directives, a line each, `$3` how many files, then so many files of the server, then files beside it. The
 * former are put back as they were kept, and stay kept; of the latter, which go on being written, only these lines go.
 */
const TAKE_OUT = `
set -e
run=$1 lines=$2 own=$3
shift 3
for f in "$@"; do
  if [ "$own" -gt 0 ]; then
    own=$((own - 1))
    [ ! -e "$f.redisha-$run" ] || { cp -p -- "$f.redisha-$run" "$f.redisha-part"; mv -f -- "$f.redisha-part" "$f"; }
    continue
  fi
  [ -e "$f" ] && [ -n "$lines" ] || continue
  cp -p -- "$f" "$f.redisha-part"
  grep -vxF -- "$lines" "$f" >"$f.redisha-part" || true
  mv -f -- "$f.redisha-part" "$f"
done`;

const input = z.strictObject({
  service: serviceSchema.describe("How it is run: outputs of service.stop"),
  lines: z.array(z.string()).describe("Directives to add where they are not there: outputs of upgrade.decide"),
  files: z.array(z.string()).default([]).describe("Other files that it will write in a new form"),
  beside: z
    .array(z.string())
    .default([])
    .describe("Configuration of Sentinels that start as the release, too, from now on: outputs of upgrade.keep_beside"),
});
type Input = z.output<typeof input>;

/**
 * Has the configuration of a stopped server say to the new release what it said to the one before. Only once the new one is
 * what its host would start: the older one refuses a file with a directive that it does not know.
 */
export const upgradeAdapt = defineAction({
  name: "upgrade.adapt",
  summary:
    "Adds to the stopped server's configuration what the release needs, so that it goes on meaning what it means",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: adapt
  action: upgrade.adapt
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", lines: ["acl-pubsub-default allchannels"] }
  undo: { action: upgrade.adapt_back, with: { service: "\${{ steps.stop.outputs.service }}", lines: ["acl-pubsub-default allchannels"] } }`,
  commands: ({ service, lines }) => [
    {
      transport: "script",
      text: lines.length > 0 ? `${lines.join("; ")} >>${fileOf(service)}` : `${fileOf(service)} stays as it is`,
    },
  ],
  takesMs: () => KEEP_STOPPED_MS,
  async run({ service, lines, beside }, context) {
    await keepStopped(service, context);
    const instance = instanceOf(context);
    const failure = {
      code: "UPGRADE_NOT_ADAPTED",
      what: `the configuration of ${instance.id} could not be added to`,
      state: "it is stopped",
    };
    const files = [service.config_file, ...beside].filter((file) => file !== "");
    if (lines.length > 0) await onHostOf(instance, context, ADD, [lines.join("\n"), ...files], failure);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
  mayFailHalfway: true,
});

/** Takes back what upgrade.adapt did, and what the release has written since; before the older one is what its host would start. */
export const upgradeAdaptBack = defineAction({
  name: "upgrade.adapt_back",
  summary: "Puts the stopped server's files back as upgrade.switch has kept them, and keeps the copies",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: adapt_back
  action: upgrade.adapt_back
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", lines: ["acl-pubsub-default allchannels"] }
  undo: none`,
  commands: ({ service }) => [{ transport: "script", text: `cp -p ${fileOf(service)}.redisha-RUN back` }],
  takesMs: () => KEEP_STOPPED_MS,
  async run(given, context) {
    await keepStopped(given.service, context);
    const instance = instanceOf(context);
    const failure = {
      code: "UPGRADE_NOT_ADAPTED",
      what: `the files of ${instance.id} could not be put back`,
      state: "it is stopped",
    };
    await onHostOf(instance, context, TAKE_OUT, takenOut(given, context.life.id), failure);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

function takenOut({ service, lines, files, beside }: Input, run: string): string[] {
  const own = [service.config_file, ...files].filter((file) => file !== "");
  return [run, lines.join("\n"), String(own.length), ...own, ...beside];
}

function fileOf(service: Input["service"]): string {
  return service.config_file || "CONFIG_FILE";
}

import { z } from "zod";
import { asKeptBy, dataNames, installationFor } from "../../restore/data-files.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { asideFolder, STAGED, stagingFolder } from "./folders.ts";
import { placeSchema } from "./schemas.ts";
import { MOVE_ASIDE } from "./set-aside.ts";

/**
 * `$1` folder, `$2` staged file, `$3` its place below the folder, `$4` user, `$5` place of the manifest or empty, `$6` its
 * text. The snapshot goes in last: a server that is started before finds what it refuses, or nothing at all, and never half.
 */
const PUT = `
set -eu
umask 077
dir=$1 staged=$2 target=$3 owner=$4 manifest=$5 text=$6
case $target in */*) mkdir -p -m 0700 -- "$dir/\${target%/*}" ;; esac
if [ -n "$manifest" ]; then printf '%s' "$text" >"$dir/$manifest"; fi
if [ -e "$staged" ]; then mv -- "$staged" "$dir/$target"; fi
[ -f "$dir/$target" ]
chmod 0640 "$dir/$target"
top=\${target%%/*}
chown -R "$owner:$(id -g -- "$owner")" "$dir/$top"
if command -v restorecon >/dev/null 2>&1; then restorecon -R "$dir/$top" 2>/dev/null || true; fi
sync -- "$dir/$target" "$dir" 2>/dev/null || sync`;

/** Clears the place, unless `$1` is not staged any more: then it was put there by a run that was cut off right after. */
const CLEAR = `
staged=$1
shift
[ -e "$staged" ] || exit 0
${MOVE_ASIDE}`;

type Place = z.output<typeof placeSchema>;

/** Puts a staged snapshot where the server will load it. */
export const restoreInstall = defineAction({
  name: "restore.install",
  summary:
    "Puts the staged snapshot where a stopped server loads it: as its snapshot, or as the base of its append-only file",
  scope: "instance",
  effect: "destructive",
  // Once more does no harm: what is in its place already stays there.
  repeatable: true,
  input: z.strictObject({
    place: placeSchema.describe("Where the server keeps its data"),
    service: z.object({ user: serviceSchema.shape.user }).describe("Whose the files are to be"),
    engine: z.string().nullable().default(null).describe("What is to load it, where that is another release than ran"),
    version: z.string().nullable().default(null),
  }),
  output: z.strictObject({ path: z.string(), append_only: z.boolean() }),
  example: `- id: install
  action: restore.install
  targets: { role: data, where: host.id in steps.check.outputs.staged }
  with: { place: "\${{ steps.look.hosts[host.id].outputs }}", service: "\${{ steps.look.hosts[host.id].outputs.service }}" }
  undo: none`,
  commands: ({ place, ...release }) => {
    const { target, manifest } = installationFor(loadedBy(place, release));
    const path = `${place.dir}/${target}`;
    return [
      ...(manifest
        ? [{ transport: "exec" as const, text: `echo '${manifest.text.trim()}' > ${place.dir}/${manifest.path}` }]
        : []),
      { transport: "exec" as const, text: `mv ${stagingFolder(place.dir, "RUN")}/${STAGED} ${path}` },
      { transport: "exec" as const, text: `chown OWNER ${path}` },
    ];
  },
  async run({ place, service, ...release }, context) {
    const { target, manifest } = installationFor(loadedBy(place, release));
    const staged = `${stagingFolder(place.dir, context.life.id)}/${STAGED}`;
    const failure = {
      code: "RESTORE_HOST_FILES",
      what: `the snapshot cannot be put into ${place.dir}`,
      state: "the server is stopped; its old data lies beside",
    };
    // A run that was cut off while it moved them may have left some behind: an old append-only file would win.
    const aside = [staged, place.dir, asideFolder(place.dir, context.life.id), ...dataNames(place)];
    await onHostOf(instanceOf(context), context, CLEAR, aside, failure);
    const args = [place.dir, staged, target, service.user, manifest?.path ?? "", manifest?.text ?? ""];
    await onHostOf(instanceOf(context), context, PUT, args, failure);
    return { outputs: { path: `${place.dir}/${target}`, append_only: place.appendonly }, changed: true };
  },
});

function loadedBy(place: Place, { engine, version }: { engine: string | null; version: string | null }): Place {
  return engine === null || version === null ? place : asKeptBy(place, { engine, version });
}

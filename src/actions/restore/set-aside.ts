import { z } from "zod";
import { dataNames } from "../../restore/data-files.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { onHostOf } from "../service/shell.ts";
import { asideFolder } from "./folders.ts";
import { placeSchema } from "./schemas.ts";

/** Written last: whatever is not in the folder then was not there before. */
const MARK = ".complete";

/**
 * `$1` the server's folder, `$2` the folder aside, then names. Nothing is copied: renaming takes no space, and a crash
 * between two of them loses nothing. A name that is in both places is that of what was moved first.
 */
export const MOVE_ASIDE = `
set -eu
dir=$1 aside=$2
shift 2
mkdir -p -m 0700 -- "$aside"
for name in "$@"; do
  if [ -e "$dir/$name" ] && [ ! -e "$aside/$name" ] && [ ! -e "$aside/${MARK}" ]; then mv -- "$dir/$name" "$aside/$name"; fi
done
: >"$aside/${MARK}"
sync -- "$dir" "$aside" 2>/dev/null || sync`;

/**
 * The way back: what was moved aside takes the place of what stands there now. Where moving was finished, what is not aside
 * was not there before, and goes first; from then on only what is still aside counts, so that this can be cut off, too.
 */
const MOVE_BACK = `
set -eu
dir=$1 aside=$2
shift 2
[ -d "$aside" ] || exit 0
if [ -e "$aside/${MARK}" ]; then
  for name in "$@"; do [ -e "$aside/$name" ] || rm -rf -- "$dir/$name"; done
  rm -f -- "$aside/${MARK}"
fi
for name in "$@"; do
  if [ -e "$aside/$name" ]; then
    rm -rf -- "$dir/$name"
    mv -- "$aside/$name" "$dir/$name"
  fi
done
sync -- "$dir" 2>/dev/null || sync
rm -rf -- "$aside"`;

/** Moves the data of a stopped server aside, where it stays. */
export const restoreSetAside = defineAction({
  name: "restore.set_aside",
  summary: "Moves the data of a stopped server into a folder beside it, where it stays until the operator removes it",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ place: placeSchema.describe("Where the server keeps its data") }),
  output: z.strictObject({ folder: z.string() }),
  example: `- id: aside
  action: restore.set_aside
  targets: { role: data }
  with: { place: "\${{ steps.look.hosts[host.id].outputs }}" }
  undo: { action: restore.put_back, with: { place: "\${{ steps.look.hosts[host.id].outputs }}" } }`,
  commands: ({ place }) => [
    {
      transport: "exec",
      text: `mv ${dataNames(place)
        .map((name) => `${place.dir}/${name}`)
        .join(" ")} ${asideFolder(place.dir, "RUN")}/`,
    },
  ],
  async run({ place }, context) {
    const folder = asideFolder(place.dir, context.life.id);
    const args = [place.dir, folder, ...dataNames(place)];
    await onHostOf(instanceOf(context), context, MOVE_ASIDE, args, hostFiles(place.dir));
    return { outputs: { folder }, changed: true };
  },
  /** What was begun counts as done: going back brings back exactly what was moved, going on moves the rest before it puts anything there. */
  async probe({ place }, context) {
    const folder = asideFolder(place.dir, context.life.id);
    const script = 'if [ -d "$1" ]; then echo begun; fi';
    return (await onHostOf(instanceOf(context), context, script, [folder], hostFiles(place.dir))).trim() === "begun";
  },
});

/** Puts back the data that was moved aside. */
export const restorePutBack = defineAction({
  name: "restore.put_back",
  summary: "Puts the data of a stopped server back that was moved aside, in place of what stands there now",
  scope: "instance",
  effect: "destructive",
  input: z.strictObject({ place: placeSchema.describe("Where the server keeps its data") }),
  output: z.strictObject({}),
  example: `- id: back
  action: restore.put_back
  targets: { role: data }
  with: { place: "\${{ steps.look.hosts[host.id].outputs }}" }
  undo: none`,
  commands: ({ place }) => [{ transport: "exec", text: `mv ${asideFolder(place.dir, "RUN")}/* ${place.dir}/` }],
  async run({ place }, context) {
    const args = [place.dir, asideFolder(place.dir, context.life.id), ...dataNames(place)];
    await onHostOf(instanceOf(context), context, MOVE_BACK, args, hostFiles(place.dir));
    return { outputs: {}, changed: true };
  },
});

function hostFiles(dir: string) {
  return {
    code: "RESTORE_HOST_FILES",
    what: `the data in ${dir} cannot be moved`,
    state: "the server is stopped; its data is there, in its place or in the folder beside it",
    next: [`ls -la ${dir}`],
  };
}

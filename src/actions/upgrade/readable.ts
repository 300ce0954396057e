import { z } from "zod";
import type { Instance } from "../../inventory/model.ts";
import { rdbVersionOf } from "../../runbook/versions.ts";
import { isRelease, type Release } from "../../upgrade/release.ts";
import { infoOf, serverOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import type { Service } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { filesOf, placeSchema, REMOVE } from "./clear.ts";
import { keepStopped } from "./keep-stopped.ts";
import { refuseOnlyCopy } from "./only-copy.ts";

/** The release that a server goes back to, and where its data is. */
export const olderSchema = z.strictObject({ engine: z.string(), version: z.string(), place: placeSchema });
type Older = z.output<typeof olderSchema>;

/** `$1` the newest format that is read, `$2` the folder, then names in it. Prints what holds a snapshot of a newer one. */
const UNREADABLE = `
cd -- "$2" || exit 1
reads=$1
shift 2
for name in "$@"; do
  for f in "$name" "$name"/*; do
    [ -f "$f" ] || continue
    format=$(head -c 9 -- "$f" | LC_ALL=C sed -n 's/^REDIS0*\\([0-9][0-9]*\\)$/\\1/p; s/^VALKEY0*\\([0-9][0-9]*\\)$/\\1/p')
    [ -n "$format" ] && [ "$format" -gt "$reads" ] && { echo "$name"; break; }
  done
done
true`;

/**
 * A host that is booted while its packages are on their way starts its server with what is there, and that saves its data so
 * that the older release cannot read it. Stops one that does not run as `older`, and removes such files: the primary has it all.
 * Fails with UPGRADE_ONLY_COPY where it has not.
 */
export async function makeReadable(service: Service, older: Older, context: ActionContext): Promise<void> {
  const instance = instanceOf(context);
  if (await runsAs(instance, older, context)) return;
  await keepStopped(service, context);
  const { dir } = older.place;
  const reads = String(rdbVersionOf(older.version, older.engine));
  const failure = { code: "UPGRADE_NOT_CLEARED", what: `${dir} could not be looked at`, state: "it is stopped" };
  const said = await onHostOf(instance, context, UNREADABLE, [reads, dir, ...filesOf(older.place)], failure);
  const names = said.split("\n").filter((name) => name !== "");
  if (names.length === 0) return;
  refuseOnlyCopy(instance, older, await context.topology({ fresh: true }));
  await onHostOf(instance, context, REMOVE, [dir, ...names], failure);
}

/** Whether what answers, if anything does, is of a release. */
export async function runsAs(instance: Instance, release: Release, context: ActionContext): Promise<boolean> {
  context.forgetFailures();
  const info = await context
    .redis(instance)
    .then((redis) => infoOf(redis, ["server"], context.signal))
    .catch((error: unknown) => {
      if (context.signal.aborted) throw error;
      return undefined;
    });
  if (info === undefined) return false;
  const { name, version } = serverOf(info);
  return isRelease({ engine: name, version }, release);
}

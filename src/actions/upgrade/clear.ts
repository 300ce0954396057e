import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { lookedSchema } from "../restore/schemas.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { serviceStop } from "../service/stop.ts";
import { refuseOnlyCopy } from "./only-copy.ts";

export const placeSchema = z.object(
  lookedSchema.pick({ dir: true, dbfilename: true, appendfilename: true, appenddirname: true }).shape,
);
type Place = z.output<typeof placeSchema>;

/** `$1` the folder, then names in it. */
export const REMOVE = `
set -e
cd -- "$1"
shift
for f in "$@"; do rm -rf -- "./$f"; done`;

/**
 * Stops a replica of the newer release and removes the files that the older one could not read: it gets its data anew from
 * the primary. Refused where no other node of the release before is the primary: this one may hold the only copy.
 */
export const upgradeClear = defineAction({
  name: "upgrade.clear",
  summary:
    "Stops an upgraded replica and removes its data files, which the older release cannot read; the primary has it all",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    service: serviceSchema.nullable(),
    place: placeSchema.describe("Where it keeps its data: outputs of restore.look"),
    engine: z.string().describe("What it is to run next: redis or valkey"),
    version: z.string(),
  }),
  output: z.strictObject({ removed: z.array(z.string()) }),
  example: `- id: clear
  action: upgrade.clear
  targets: { role: replica }
  with: { service: "\${{ steps.switch.outputs.service }}", place: "\${{ steps.look.hosts[host.id].outputs }}", engine: redis, version: "7.0.15" }
  undo: none`,
  commands: ({ service, place }, target) => [
    ...serviceStop.commands({ service, within: 600_000 }, target),
    {
      transport: "script",
      text: `rm -rf ${filesOf(place)
        .map((file) => `${place.dir}/${file}`)
        .join(" ")}`,
    },
  ],
  takesMs: () => 660_000,
  async run({ service, place, engine, version }, context) {
    const instance = instanceOf(context);
    refuseOnlyCopy(instance, { engine, version }, await context.topology({ fresh: true }));
    await serviceStop.run({ service, within: 600_000 }, context);
    const failure = { code: "UPGRADE_NOT_CLEARED", what: `${place.dir} could not be cleared`, state: "it is stopped" };
    await onHostOf(instance, context, REMOVE, [place.dir, ...filesOf(place)], failure);
    return { outputs: { removed: filesOf(place) }, changed: true };
  },
  repeatable: true,
});

/** Names of all that holds its data there. */
export function filesOf({ dbfilename, appendfilename, appenddirname }: Place): string[] {
  return [dbfilename, appendfilename, ...(appenddirname ? [appenddirname] : [])].filter((name) => name !== "");
}

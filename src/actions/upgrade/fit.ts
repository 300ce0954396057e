import { z } from "zod";
import { shown } from "../../upgrade/release.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { readForOlder } from "./read-older.ts";

/** `$1` the file, `$2` commands of sed. It takes the old one's place as a whole, with owner and mode as they are. */
const EDIT = `
set -e
[ -e "$1" ] || exit 0
cp -p -- "$1" "$1.part"
sed -e "$2" -- "$1" >"$1.part"
sync -- "$1.part" 2>/dev/null || sync
mv -f -- "$1.part" "$1"`;

const input = z.strictObject({
  service: serviceSchema.describe("How the server is run"),
  engine: z.string().describe("What is to read its files: redis or valkey"),
  version: z.string(),
});

const output = z.strictObject({
  dropped: z.array(z.string()).describe("Directives that the release does not know: their lines go"),
});

/** What an older release would refuse in the files of a server. */
export const upgradeUnfit = defineAction({
  name: "upgrade.unfit",
  summary:
    "Tells which directives an older release would not start with; fails where a user of now cannot be said to it",
  scope: "instance",
  effect: "read",
  once: true,
  input,
  output,
  example: `- id: unfit
  action: upgrade.unfit
  targets: { role: data }
  with: { service: "\${{ steps.look.hosts[host.id].outputs.service }}", engine: redis, version: "7.0.15" }`,
  commands: ({ service }) => [{ transport: "script", text: `cat ${service.config_file || "CONFIG_FILE"}` }],
  tell: ({ dropped }) => (dropped.length > 0 ? `to be left out: ${dropped.join(", ")}` : "all is known to it"),
  async run({ service, ...release }, context) {
    const files = await readForOlder(instanceOf(context), service.config_file, release, context);
    return { outputs: { dropped: [...new Set(files.flatMap(({ dropped }) => dropped))] }, changed: false };
  },
});

/** Has an older release start with the files that a newer one wrote. upgrade.switch keeps copies of them, and puts them back. */
export const upgradeFit = defineAction({
  name: "upgrade.fit",
  summary:
    "Makes of configuration, users and list of nodes, as a newer release wrote them, files that an older one starts with",
  scope: "instance",
  effect: "change",
  input,
  output,
  example: `- id: fit
  action: upgrade.fit
  targets: { role: data }
  with: { service: "\${{ steps.turn.outputs.service }}", engine: redis, version: "7.0.15" }
  undo: none`,
  commands: ({ service, ...release }) => [
    {
      transport: "script",
      text: `sed: out of ${service.config_file || "CONFIG_FILE"} what ${shown(release)} would refuse`,
    },
  ],
  async run({ service, ...release }, context) {
    const instance = instanceOf(context);
    const files = (await readForOlder(instance, service.config_file, release, context)).filter(
      ({ edits }) => edits.length > 0,
    );
    for (const { path, edits } of files) {
      const failure = { code: "UPGRADE_FILES_NOT_FIT", what: `${path} cannot be changed`, state: "it is stopped" };
      await onHostOf(instance, context, EDIT, [path, edits.join("\n")], failure);
    }
    const dropped = [...new Set(files.flatMap((file) => file.dropped))];
    if (dropped.length > 0) {
      context.emit({
        type: "warning",
        message: `${instance.id}: ${shown(release)} does not know ${dropped.join(", ")}; left out of its files`,
      });
    }
    return { outputs: { dropped }, changed: files.length > 0 };
  },
  // Once more finds nothing left to change.
  repeatable: true,
});

import { z } from "zod";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { locateStopped } from "../service/locate.ts";
import { onHostOf } from "../service/shell.ts";
import { serviceStart } from "../service/start.ts";
import { KEEP_STOPPED_MS, keepStopped } from "./keep-stopped.ts";

/** `$1` the file. It takes the old one's place as a whole, with owner and mode as they are. */
const GO_ON = `
set -e
cp -p -- "$1" "$1.part"
grep -iv '^[[:space:]]*propagation-error-behavior' -- "$1" >"$1.part"
sync -- "$1.part" 2>/dev/null || sync
mv -f -- "$1.part" "$1"`;

/**
 * A standby for the way back ends itself at a command that it does not know, and its unit starts it again for the same. Takes
 * the directive out of its file that does so, and starts it: it answers then, and may be stopped in order and given its data anew.
 */
export const upgradeRevive = defineAction({
  name: "upgrade.revive",
  summary:
    "Starts a standby for the way back that ended itself, as one that goes on behind what it does not know: it leads back no more",
  scope: "instance",
  effect: "change",
  leaves: "started",
  input: z.strictObject({
    config_file: z
      .string()
      .nullable()
      .default(null)
      .describe("The file that it is started with, where no systemd unit starts it"),
    within: durationSchema.default(3_600_000).describe("Time for loading its data"),
  }),
  output: z.strictObject({ process_id: z.int().nullable() }),
  example: `- id: revive
  action: upgrade.revive
  targets: { role: data, where: host.standby }
  with: {}
  undo: none`,
  commands: ({ config_file }) => [
    { transport: "script", text: `grep -v propagation-error-behavior, in ${config_file ?? "its configuration file"}` },
    { transport: "exec", text: "systemctl start UNIT, or its program" },
  ],
  takesMs: ({ within }) => within + KEEP_STOPPED_MS,
  async run({ config_file, within }, context) {
    const instance = instanceOf(context);
    const { service } = await locateStopped(instance, config_file ?? undefined, context);
    await keepStopped(service, context);
    const file = service.config_file;
    const failure = { code: "STANDBY_NOT_REVIVED", what: `${file} cannot be changed`, state: "it is stopped" };
    await onHostOf(instance, context, GO_ON, [file], failure);
    const { outputs } = await serviceStart.run({ service, within }, context);
    return { outputs: z.object({ process_id: z.int().nullable() }).parse(outputs), changed: true };
  },
  // Without the line it is started all the same.
  repeatable: true,
});

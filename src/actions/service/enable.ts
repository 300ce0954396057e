import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { onHostOf } from "./shell.ts";

/** `$1` the unit. One that is enabled is left alone. */
const ENABLE = `
case $(systemctl is-enabled -- "$1" 2>/dev/null) in enabled*) echo there; exit 0 ;; esac
systemctl --quiet enable -- "$1" && echo enabled`;

const DISABLE = `systemctl --quiet disable -- "$1"`;

const FAILURE = {
  code: "SERVICE_NOT_ENABLED",
  what: "the unit could not be enabled or disabled",
  state: "it is as it was",
};
const input = z.strictObject({
  unit: z.string().regex(/^[A-Za-z0-9@._-]+\.service$/, "a unit such as redis-server.service"),
});
const output = z.strictObject({});

/** Has systemd start the server of an instance when its host boots. */
export const serviceEnable = defineAction({
  name: "service.enable",
  summary: "Has systemd start the server of each targeted instance whenever its host boots",
  scope: "instance",
  effect: "change",
  input,
  output,
  example: `- id: enable
  action: service.enable
  targets: { role: data }
  with: { unit: redis-server.service }
  undo: { action: service.disable, with: { unit: redis-server.service } }`,
  commands: ({ unit }) => [{ transport: "exec", text: `systemctl enable ${unit}` }],
  async run({ unit }, context) {
    const said = await onHostOf(instanceOf(context), context, ENABLE, [unit], FAILURE);
    return { outputs: {}, changed: said.trim() === "enabled" };
  },
  repeatable: true,
});

/** Takes back what service.enable did. */
export const serviceDisable = defineAction({
  name: "service.disable",
  summary:
    "Has systemd no longer start the server of each targeted instance when its host boots; one that runs goes on",
  scope: "instance",
  effect: "change",
  input,
  output,
  example: `- id: disable
  action: service.disable
  targets: { role: data }
  with: { unit: redis-server.service }
  undo: none`,
  commands: ({ unit }) => [{ transport: "exec", text: `systemctl disable ${unit}` }],
  async run({ unit }, context) {
    await onHostOf(instanceOf(context), context, DISABLE, [unit], FAILURE);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

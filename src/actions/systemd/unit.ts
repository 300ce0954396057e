import { z } from "zod";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { asRoot } from "../os/as-root.ts";

/** Of the unit `$1`, a line each: whether systemd starts it at boot, whether it is active, whether its files are newer than what systemd knows. */
const LOOK = `
systemctl is-enabled -- "$1" 2>/dev/null | grep -qx enabled && echo yes || echo no
systemctl is-active --quiet -- "$1" && echo yes || echo no
systemctl show -P NeedDaemonReload -- "$1"
`;

/** Of the unit `$1`: `$2` enable, disable or -, `$3` start, stop, restart or -, `$4` reload or -. Stopping comes before disabling. */
const CHANGE = `
set -e
[ "$4" = - ] || systemctl daemon-reload
case $3 in stop) systemctl stop -- "$1" ;; esac
case $2 in enable | disable) systemctl --quiet "$2" -- "$1" ;; esac
case $3 in start | restart) systemctl "$3" -- "$1" ;; esac
`;

/** Has systemd start a unit now and at boot, or not. */
export const systemdUnit = defineAction({
  name: "systemd.unit",
  summary:
    "Enables and starts a systemd unit on each targeted host, or disables and stops it; reads changed unit files anew",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    unit: z.string().regex(/^[A-Za-z0-9@._-]+\.[a-z]+$/, "a unit such as redisha-huge-pages.service"),
    enabled: z.boolean().nullable().default(null).describe("Started at boot; null: as it is"),
    active: z.boolean().nullable().default(null).describe("Runs now; null: as it is"),
    restart: z.boolean().default(false).describe("Start it anew where it runs already"),
  }),
  output: z.strictObject({ enabled: z.boolean(), active: z.boolean() }),
  example: `- id: huge_pages
  action: systemd.unit
  targets: { role: data }
  with: { unit: redisha-huge-pages.service, enabled: true, active: true }
  undo:
    action: systemd.unit
    with: { unit: "\${{ before.unit }}", enabled: "\${{ before.enabled }}", active: "\${{ before.active }}" }`,
  repeatable: true,
  commands: ({ unit, enabled, active, restart }) => [
    { transport: "exec", text: "systemctl daemon-reload, where files of units have changed" },
    ...(enabled === null
      ? []
      : [{ transport: "exec" as const, text: `systemctl ${enabled ? "enable" : "disable"} ${unit}` }]),
    ...(active === null
      ? []
      : [
          {
            transport: "exec" as const,
            text: `systemctl ${active ? (restart ? "restart" : "start") : "stop"} ${unit}`,
          },
        ]),
  ],
  async before({ unit }, context) {
    const { enabled, active } = await look(unit, context);
    return { unit, enabled, active };
  },
  async run({ unit, enabled, active, restart }, context) {
    const now = await look(unit, context);
    const boot = enabled === null || enabled === now.enabled ? "-" : enabled ? "enable" : "disable";
    const turn =
      active === null || (active === now.active && !(active && restart))
        ? "-"
        : active
          ? now.active
            ? "restart"
            : "start"
          : "stop";
    const outputs = { enabled: enabled ?? now.enabled, active: active ?? now.active };
    if (boot === "-" && turn === "-" && !now.stale) return { outputs, changed: false };
    const failure = {
      code: "UNIT_NOT_CHANGED",
      what: `${unit} could not be changed`,
      state: "look at systemctl status",
    };
    await asRoot(context, CHANGE, [unit, boot, turn, now.stale ? "reload" : "-"], failure);
    return { outputs, changed: true };
  },
});

async function look(unit: string, context: ActionContext) {
  const failure = { code: "UNIT_NOT_READ", what: `${unit} cannot be looked at`, state: "nothing was changed" };
  const [enabled, active, stale] = (await asRoot(context, LOOK, [unit], failure)).split("\n");
  return { enabled: enabled === "yes", active: active === "yes", stale: stale === "yes" };
}

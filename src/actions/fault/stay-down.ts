import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { homeSchema, refuseHomeless, serverHome } from "./server-home.ts";
import { answerOf } from "./server-process.ts";

/** The runtime drop-in, which a reboot takes away at the latest. `fault.start` removes it. */
export const DROP_IN = "90-redisha-drill.conf";

/** Keeps systemd from starting a server again, so that a crash is one. */
export const faultStayDown = defineAction({
  name: "fault.stay_down",
  summary: "Keeps systemd from starting the server again by itself (Restart=no, until the next boot at the latest)",
  scope: "instance",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({ unit: z.string().nullable().describe("The unit; null where systemd does not run it") }),
  example: `- id: stay_down
  action: fault.stay_down
  targets: { role: primary }
  undo: { action: fault.start, with: { server: "\${{ before.server }}" }, armed: 30s }`,
  commands: () => [
    { transport: "script", text: `Restart=no in /run/systemd/system/‹unit›.d/${DROP_IN}; systemctl daemon-reload` },
  ],
  async before(_input, context) {
    const server = await serverHome(context);
    refuseHomeless(server, instanceOf(context));
    return { server };
  },
  async run(_input, context) {
    const instance = instanceOf(context);
    const { unit } = await serverHome(context);
    if (unit === null) return { outputs: { unit }, changed: false };
    const shell = await context.shell(instance.host);
    await answerOf(shell, instance, HOLD, [unit, DROP_IN], context.signal);
    return { outputs: { unit }, changed: true };
  },
  async probe(_input, context, before) {
    const server = homeSchema.safeParse(before.server);
    if (!server.success) return undefined;
    const { unit } = server.data;
    if (unit === null) return false;
    const shell = await context.shell(instanceOf(context).host);
    const { code } = await shell.exec(["test", "-e", `/run/systemd/system/${unit}.d/${DROP_IN}`]);
    return code === 0;
  },
});

const HOLD = `
set -e
mkdir -p "/run/systemd/system/$1.d"
printf '[Service]\\nRestart=no\\n' >"/run/systemd/system/$1.d/$2"
systemctl daemon-reload
`;

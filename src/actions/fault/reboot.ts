import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { refuseForgetful } from "./crash.ts";
import { drillMark } from "./drill-mark.ts";
import { serverHome } from "./server-home.ts";
import { answerOf } from "./server-process.ts";

/** Restarts the machine. Nothing can be armed on it; what heals it is that everything on it starts at boot, which is proven first. */
export const faultReboot = defineAction({
  name: "fault.reboot",
  summary: "Reboots the instance's host, unless something of the deployment on it would not start again by itself",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    hard: z.boolean().default(false).describe("At once, without stopping anything: as a power cut"),
  }),
  output: z.strictObject({ boot_id: z.string().describe("Of the boot that this ended, for fault.await_boot") }),
  example: `- id: reboot
  action: fault.reboot
  targets: { role: primary }
  undo: none`,
  commands: ({ hard }) => [
    { transport: "script", text: hard ? "systemctl reboot --force --force" : "systemctl reboot" },
  ],
  async before(_input, context) {
    await refuseForgetful(context);
    await refuseDisabled(context);
    return { boot_id: await bootId(context) };
  },
  async run({ hard }, context) {
    const instance = instanceOf(context);
    const boot_id = await bootId(context);
    const shell = await context.shell(instance.host);
    const mark = drillMark(context, "fault", `reboot of ${instance.host.name}`);
    await answerOf(shell, instance, REBOOT, [hard ? "hard" : "soft"], context.signal, mark);
    return { outputs: { boot_id }, changed: true };
  },
  async probe(_input, context, before) {
    context.forgetFailures();
    return (await bootId(context)) !== before.boot_id;
  },
});

/** Which boot of the host this is. Fails with FAULT_NO_SYSTEMD where systemd does not run it. */
export async function bootId(context: ActionContext): Promise<string> {
  const { host } = instanceOf(context);
  const { code, stdout } = await (await context.shell(host)).script(BOOT_ID, [], { signal: context.signal });
  if (code === 0) return stdout.trim();
  throw new RedishaError({
    code: "FAULT_NO_SYSTEMD",
    message: `${host.name} was not booted by systemd, so redisha cannot reboot it and know that it comes back.`,
    host: host.name,
    exit: EXIT.gateRefused,
    state: "nothing was done to it",
    next: ["another fault: --mode hang, --mode crash, --mode partition"],
  });
}

/** What does not start at boot would stay away. Fails with FAULT_NOT_ENABLED. */
async function refuseDisabled(context: ActionContext): Promise<void> {
  const victim = instanceOf(context);
  for (const instance of context.deployment.instances.filter(({ host }) => host.name === victim.host.name)) {
    const { unit, enabled } = await serverHome(context, instance);
    if (unit !== null && enabled) continue;
    throw new RedishaError({
      code: "FAULT_NOT_ENABLED",
      message: `${instance.id} would not come back with its host: ${unit === null ? "no systemd unit runs it" : `${unit} is not enabled`}.`,
      host: instance.id,
      exit: EXIT.gateRefused,
      state: "nothing was done to it",
      next: [
        ...(unit === null ? [] : [`systemctl enable ${unit} on ${instance.host.name}`]),
        "another fault: --mode hang, --mode partition",
      ],
    });
  }
}

const BOOT_ID = `[ -d /run/systemd/system ] && cat /proc/sys/kernel/random/boot_id`;

/** The answer has to leave before the network does. */
const REBOOT = `
echo done
if [ "$1" = hard ]; then set -- --force --force; else set --; fi
setsid sh -c 'sleep 0.2; exec systemctl reboot "$@"' reboot "$@" </dev/null >/dev/null 2>&1 &
`;

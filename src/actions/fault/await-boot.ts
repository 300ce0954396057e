import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { drillMark } from "./drill-mark.ts";
import { addressOf, followSchema, makeReplica } from "./follow.ts";
import { bootId } from "./reboot.ts";

const POLL_MS = 300;

/**
 * Waits until a host that was rebooted is there again. Its primary is told whom to follow in the first moment in which it
 * answers; until then, Sentinels have not found it either.
 */
export const faultAwaitBoot = defineAction({
  name: "fault.await_boot",
  summary: "Waits until a rebooted host is back, and tells its server to follow the one that was promoted meanwhile",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ boot_id: z.string().describe("Of the boot before"), follow: followSchema }),
  output: z.strictObject({ boot_id: z.string(), told: z.boolean().describe("It was told to follow") }),
  example: `- id: back
  action: fault.await_boot
  targets: { role: data, hosts: [r1] }
  with: { boot_id: "\${{ steps.reboot.outputs.boot_id }}", follow: r2:6379 }
  undo: none
  timeout: 5m`,
  commands: ({ boot_id, follow }) => [
    { transport: "script", text: `until the boot id is another than ${boot_id}` },
    ...(follow ? [{ transport: "redis" as const, text: `REPLICAOF ‹${follow}›` }] : []),
  ],
  async run({ boot_id: was, follow }, context) {
    const { id } = instanceOf(context);
    const address = follow === null ? undefined : await addressOf(follow, context);
    const ask = async () => {
      context.forgetFailures();
      const boot_id = await bootId(context);
      if (boot_id === was) throw new Error("it has not gone down yet");
      if (address) await makeReplica(address, context);
      return boot_id;
    };
    for (;;) {
      const boot_id = await ask().catch(() => undefined);
      if (boot_id !== undefined) {
        drillMark(context, "healed", `${id} is back`)();
        return { outputs: { boot_id, told: address !== undefined }, changed: address !== undefined };
      }
      await sleep(POLL_MS, context.signal);
    }
  },
  probe: async () => false,
});

import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { drillMark } from "./drill-mark.ts";
import { addressOf, followSchema, makeReplica } from "./follow.ts";
import { cutOff } from "./partition.ts";
import { HEAL } from "./partition-rules.ts";
import { answerOf } from "./server-process.ts";

/**
 * Takes a partition away. A primary that was cut off takes writes until Sentinels find it, ten seconds later: so it is told
 * whom to follow while its peers still do not reach it, and loses no more than it had.
 */
export const faultReconnect = defineAction({
  name: "fault.reconnect",
  summary: "Takes away the rules of fault.partition, after the server was told to follow the one promoted meanwhile",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ name: z.string().regex(/^redisha_[0-9a-f]{12}$/), follow: followSchema }),
  output: z.strictObject({ told: z.boolean().describe("It was told to follow") }),
  example: `- id: reconnect
  action: fault.reconnect
  targets: { role: data, hosts: [r1] }
  with: { name: "\${{ steps.partition.outputs.name }}", follow: r2:6379 }
  undo: none`,
  commands: ({ name, follow }) => [
    ...(follow ? [{ transport: "redis" as const, text: `REPLICAOF ‹${follow}›` }] : []),
    { transport: "script", text: `remove nft table ${name}, or the chains of iptables` },
  ],
  onHost: ({ name }) => [{ kind: "script", script: HEAL, args: [name], env: {}, become: true, okCodes: [0] }],
  async run({ name, follow }, context) {
    const instance = instanceOf(context);
    const mark = drillMark(context, "healed", `${instance.id} reconnected`);
    if (follow !== null) {
      const address = await addressOf(follow, context);
      // From where nobody reaches it, it is opened to clients first: one of them brings the order.
      await cutOff("peers", context);
      await makeReplica(address, context);
    }
    await answerOf(await context.shell(instance.host), instance, HEAL, [name], context.signal, mark);
    context.forgetFailures();
    return { outputs: { told: follow !== null }, changed: true };
  },
  probe: async () => false,
});

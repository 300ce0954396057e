import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { drillMark } from "./drill-mark.ts";
import { FIND_TOOL, PARTITION, partitionName, partitionOf, SCOPES, STANDS, wordsOf } from "./partition-rules.ts";
import { answerOf } from "./server-process.ts";

/** Cuts the host of an instance off from the others, by packet filter rules of its own that touch no other port. */
export const faultPartition = defineAction({
  name: "fault.partition",
  summary: "Drops packets on the instance's host: between it and the rest of the deployment, or all to its Redis ports",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    from: z
      .enum(SCOPES)
      .describe("peers: clients and SSH still reach it. all: nobody reaches its Redis and Sentinel ports, SSH does"),
  }),
  output: z.strictObject({ name: z.string().describe("Table of nft, or begin of the chains of iptables") }),
  example: `- id: partition
  action: fault.partition
  targets: { role: primary }
  with: { from: peers }
  undo: { action: fault.reconnect, with: { name: "\${{ before.name }}" }, armed: 30s }`,
  commands: ({ from }, { instance }) => [
    {
      transport: "script",
      text: `nft table ${instance ? partitionName(instance) : ""} (or iptables): drop TCP between ${
        from === "peers" ? "it and the other instances" : "its Redis ports and everybody"
      }`,
    },
  ],
  async before(_input, context) {
    await toolOf(context);
    return { name: partitionName(instanceOf(context)) };
  },
  async run({ from }, context) {
    const instance = instanceOf(context);
    const mark = drillMark(context, "fault", `${instance.id} cut off from ${from === "peers" ? "its peers" : "all"}`);
    await cutOff(from, context, mark);
    return { outputs: { name: partitionName(instance) }, changed: true };
  },
  async probe(_input, context) {
    const instance = instanceOf(context);
    const shell = await context.shell(instance.host);
    const lines = await answerOf(shell, instance, STANDS, [partitionName(instance)], context.signal);
    return lines.get("stands") === "yes";
  },
});

/** Puts the rules in place, in one transaction where the host has nft. */
export async function cutOff(from: (typeof SCOPES)[number], context: ActionContext, mark?: () => void): Promise<void> {
  const instance = instanceOf(context);
  const words = wordsOf(await toolOf(context), from, partitionOf(context.deployment, instance));
  await answerOf(await context.shell(instance.host), instance, PARTITION, words, context.signal, mark);
}

async function toolOf(context: ActionContext): Promise<"nft" | "iptables"> {
  const instance = instanceOf(context);
  const lines = await answerOf(await context.shell(instance.host), instance, FIND_TOOL, [], context.signal);
  const tool = lines.get("tool");
  if (tool === "nft" || tool === "iptables") return tool;
  throw new RedishaError({
    code: "FAULT_NO_PACKET_FILTER",
    message: `${instance.host.name} cannot be cut off: ${lines.get("none")?.trim() || "nft and iptables do not answer"}.`,
    host: instance.host.name,
    exit: EXIT.gateRefused,
    state: "nothing was done to it",
    next: [
      `apt-get install nftables on ${instance.host.name}`,
      "or another fault: --mode hang, --mode crash, --mode host",
    ],
  });
}

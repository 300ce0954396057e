import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { reachedBus } from "../../firewall/needs.ts";
import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { answerOf } from "../firewall/prove.ts";
import { instanceOf } from "../needs.ts";

/** A port that drops packets is waited for five seconds, from all hosts at once; the rest is for SSH. */
const TAKES_MS = 30_000;

export const busWaysSchema = z.strictObject({
  ways: z.array(
    z.strictObject({
      from: z.string().describe("Host"),
      instance: z.string(),
      port: z.int(),
      answer: z.enum(["open", "refused", "silent", "unknown"]),
      why: z.string().describe("For unknown: why nothing could be tried"),
    }),
  ),
});
type Way = z.output<typeof busWaysSchema>["ways"][number];

/** Tries the way to the cluster bus of a node from every other host. */
export const clusterBusWays = defineAction({
  name: "cluster.bus_ways",
  summary: "Connects to the cluster bus port of each targeted instance from every other host that SSH leads to",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: busWaysSchema,
  example: `- id: ways
  action: cluster.bus_ways
  targets: { role: data, where: host.up }
  with: {}`,
  commands: () => [{ transport: "controller", text: "connect to its cluster bus port from the other hosts" }],
  takesMs: () => TAKES_MS,
  async run(_input, context) {
    const instance = instanceOf(context);
    const port = reachedBus(context.deployment, instance);
    const others = context.deployment.hosts.filter(({ name, ssh }) => name !== instance.host.name && ssh !== "none");
    const ways =
      port === undefined ? [] : await Promise.all(others.map((from) => tryFrom(from, instance, port, context)));
    return { outputs: { ways }, changed: false };
  },
});

async function tryFrom(
  from: ActionContext["deployment"]["hosts"][number],
  { id, address }: Instance,
  port: number,
  context: ActionContext,
): Promise<Way> {
  const way = { from: from.name, instance: id, port };
  try {
    const shell = await context.shell(from);
    const answer = await answerOf(() => shell.forward(address, port, context.signal));
    return { ...way, answer: answer.kind, why: answer.kind === "unknown" ? answer.why : "" };
  } catch (error) {
    context.signal.throwIfAborted();
    return { ...way, answer: "unknown", why: messageOf(error) };
  }
}

import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import type { Host } from "../../inventory/model.ts";
import { type WayFacts, wayFactsSchema } from "../../preflight/facts.ts";
import { parseEndpoint } from "../../topology/parse/address.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { answerOf, tryPorts } from "../firewall/prove.ts";
import { hostOf } from "../needs.ts";

/** Time for three attempts that nobody answers, and for the host itself. */
const TAKES_MS = 30_000;

/** Tries the ways to a host: its ports from others and from here, and the addresses that its instances tell. */
export const preflightWays = defineAction({
  name: "preflight.ways",
  summary:
    "Connects to the ports of each targeted host, and to the addresses that its instances tell others, from the other hosts and from this machine",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: wayFactsSchema,
  example: `- id: ways
  action: preflight.ways
  targets: { role: any }
  with: {}`,
  commands: () => [{ transport: "controller", text: "connect to its ports from the other hosts and from here" }],
  takesMs: () => TAKES_MS,
  async run(_input, context) {
    const host = hostOf(context);
    const [firewall, announced] = await Promise.all([portsOf(host, context), tryAnnounced(host, context)]);
    return { outputs: { firewall, announced }, changed: false };
  },
});

async function portsOf(host: Host, context: ActionContext): Promise<WayFacts["firewall"]> {
  try {
    return await tryPorts(host, context, "both");
  } catch (error) {
    context.signal.throwIfAborted();
    return { reached: [], missing: [], closed: [], exposed: [], unshown: [messageOf(error)] };
  }
}

/** Every address that an instance of this host tells others to use, tried from each of the others. */
async function tryAnnounced(host: Host, context: ActionContext): Promise<WayFacts["announced"]> {
  const { nodes } = await context.topology();
  const told = nodes
    .filter((node) => node.host === host.name && node.listed)
    .flatMap(({ id, announced }) => (announced === null ? [] : [{ instance: id, address: announced }]));
  const others = context.deployment.hosts.filter(({ name }) => name !== host.name);
  return Promise.all(told.flatMap((each) => others.map((other) => tryFrom(other, each, context))));
}

async function tryFrom(
  other: Host,
  { instance, address }: { instance: string; address: string },
  context: ActionContext,
): Promise<WayFacts["announced"][number]> {
  const endpoint = parseEndpoint(address);
  const way = { instance, address, from: other.name };
  if (!endpoint) return { ...way, answer: "unknown", why: "it is no address" };
  const answer = await answerOf(async () => {
    const shell = await context.shell(other);
    return shell.forward(endpoint.address, endpoint.port, context.signal);
  });
  return { ...way, answer: answer.kind, why: answer.kind === "unknown" ? answer.why : "" };
}

import { z } from "zod";
import type { HostConnection } from "../../connect/types.ts";
import { messageOf } from "../../core/errors.ts";
import { type ReachFacts, reachFactsSchema } from "../../doctor/facts.ts";
import { reachedBus } from "../../firewall/needs.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { answerOf } from "../firewall/prove.ts";
import { hostOf } from "../needs.ts";

/** Time for attempts that nobody answers, and for the host itself. */
const TAKES_MS = 30_000;

/** Connects from a host to every instance of the others: what it sees need not be what this machine sees. */
export const doctorReach = defineAction({
  name: "doctor.reach",
  summary: "Connects from each targeted host to every instance of the other hosts, and to their cluster bus",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: reachFactsSchema,
  example: `- id: reaches
  action: doctor.reach
  targets: { role: any, per: host }
  with: {}`,
  commands: () => [{ transport: "controller", text: "connect from there to every instance of the other hosts" }],
  takesMs: () => TAKES_MS,
  async run(_input, context) {
    try {
      const shell = await context.shell(hostOf(context));
      const tried = await Promise.all(waysFrom(context).map((way) => tryIt(way, shell, context.signal)));
      return { outputs: { read: true, why: null, tried }, changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { read: false, why: messageOf(error), tried: [] }, changed: false };
    }
  },
});

interface Way {
  readonly instance: string;
  readonly address: string;
  readonly port: number;
  readonly bus: boolean;
}

function waysFrom({ deployment, host: from }: ActionContext): Way[] {
  return deployment.instances
    .filter(({ host }) => host.name !== from?.name)
    .flatMap((instance) => {
      const { id, address, port } = instance;
      const bus = reachedBus(deployment, instance);
      const way = { instance: id, address, port, bus: false };
      return bus === undefined ? [way] : [way, { ...way, port: bus, bus: true }];
    });
}

async function tryIt(
  { instance, address, port, bus }: Way,
  shell: HostConnection,
  signal: AbortSignal,
): Promise<ReachFacts["tried"][number]> {
  const answer = await answerOf(() => shell.forward(address, port, signal));
  return { instance, port, bus, answer: answer.kind, why: answer.kind === "unknown" ? answer.why : "" };
}

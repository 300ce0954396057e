import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import { parseRole } from "../../topology/parse/role.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

const POLL_MS = 2;

/** A manual failover ends by itself after this (CLUSTER_MF_TIMEOUT), one way or the other. */
const SERVER_LIMIT_MS = 5_000;

/**
 * Has a replica of a Cluster take its primary's place. The servers do it all themselves: the primary stops writes, the
 * replica waits until it has everything, wins its election, and the others learn of it; without one, or without redisha,
 * writes go on at the old primary after five seconds.
 */
export const clusterFailover = defineAction({
  name: "cluster.failover",
  summary: "Promotes the targeted replica in place of the primary of its shard, and loses no acknowledged write",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    patience: durationSchema.default(10_000).describe("How long the promotion may take, e.g. 10s"),
  }),
  output: z.strictObject({
    from: z.string().describe("The primary that was"),
    to: z.string().describe("The primary that is"),
    promoted_after_ms: z.number().describe("From the order until the replica was a primary"),
  }),
  example: `- id: switch
  action: cluster.failover
  targets: { hosts: ["r4:7000"] }
  with: {}
  undo: none`,
  commands: () => [redisCommand(["CLUSTER", "FAILOVER"])],
  takesMs: ({ patience }) => patience + 30_000,
  async before(_input, context) {
    return { primary: (await replicaOf(context)).primary_id };
  },
  async run({ patience }, context) {
    const instance = instanceOf(context);
    const { primary_id: from } = await replicaOf(context);
    const connection = await context.redis(instance);
    const ordered = performance.now();
    await connection.command(["CLUSTER", "FAILOVER"], { signal: context.signal });
    while (!(await isPrimary(context))) {
      if (performance.now() - ordered > patience) throw notPromoted(instance.id, from, patience);
      await sleep(POLL_MS, context.signal);
    }
    const promoted_after_ms = Math.round(performance.now() - ordered);
    return { outputs: { from, to: instance.id, promoted_after_ms }, changed: true };
  },
  simulate: (_input, topology, { instance }) => (instance ? afterSwitchover(topology, instance.id) : topology),
  /** What was ordered is over after five seconds, whichever way it went. */
  async probe(_input, context) {
    const deadline = performance.now() + SERVER_LIMIT_MS + 1_000;
    while (!(await isPrimary(context))) {
      if (performance.now() > deadline) return false;
      await sleep(100, context.signal);
    }
    return true;
  },
});

async function isPrimary(context: ActionContext): Promise<boolean> {
  const connection = await context.redis(instanceOf(context));
  return parseRole(await connection.command(["ROLE"], { signal: context.signal }))?.role === "primary";
}

/** The targeted node, as a replica that could take over. Fails with NOT_A_TARGET. */
async function replicaOf(context: ActionContext): Promise<{ primary_id: string }> {
  const { id } = instanceOf(context);
  const node = (await context.topology()).nodes.find((each) => each.id === id);
  if (node?.role === "replica" && node.primary_id !== null && node.link_up === true) {
    return { primary_id: node.primary_id };
  }
  throw new RedishaError({
    code: "NOT_A_TARGET",
    message: `${id} cannot become a primary: it is no replica with a link that is up.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status"],
  });
}

function notPromoted(id: string, from: string, patienceMs: number): RedishaError {
  return new RedishaError({
    code: "FAILOVER_STUCK",
    message: `${id} did not become the primary within ${patienceMs} ms.`,
    host: id,
    state: `${from} is the primary still; the servers give up by themselves after five seconds, and it takes writes`,
    next: ["redisha status", `the log of ${id} says why, e.g. that no majority of primaries voted for it`],
  });
}

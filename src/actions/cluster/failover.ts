import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { readViews } from "../../reshard/cluster-view.ts";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import { beforeBar } from "../../topology/barred.ts";
import { parseRole } from "../../topology/parse/role.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { untilElectionIsPast } from "./last-election.ts";
import { dataInstances } from "./membership.ts";
import { reachOf } from "./reach.ts";

const POLL_MS = 2;

/** By default. */
const NODE_TIMEOUT_MS = 15_000;

/** Votes of an election before are waited out: four times node-timeout, of a minute at most. */
const VOTES_MS = 300_000;

/** Between two looks at what takes longer: a copy, news. */
const LOOK_MS = 100;

/** News of who leads comes with the promotion itself; where a packet is lost, with the next ping. */
const NEWS_MS = 30_000;

/** A manual failover ends by itself after this (CLUSTER_MF_TIMEOUT), one way or the other. */
const SERVER_LIMIT_MS = 5_000;

/**
 * Has a replica of a Cluster take its primary's place. The servers do it all themselves: the primary stops writes, the
 * replica waits until it has everything, wins its election, and the others learn of it; without one, or without redisha,
 * writes go on at the old primary after five seconds. One that may hold votes of an election before is not told yet.
 */
export const clusterFailover = defineAction({
  name: "cluster.failover",
  summary: "Promotes the targeted replica in place of the primary of its shard, and loses no acknowledged write",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    patience: durationSchema.default(10_000).describe("How long the promotion may take, e.g. 10s"),
    to: z
      .string()
      .default("")
      .describe("A replica of the targeted node, which takes over instead; nothing is done where it leads already"),
    sync: durationSchema.default(0).describe("How long to wait for that one to have everything first"),
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
  undo: { action: cluster.failover, with: { to: "\${{ before.primary }}", sync: 6h } }`,
  commands: ({ to }) => {
    const order = redisCommand(["CLUSTER", "FAILOVER"]);
    return [to === "" ? order : { ...order, text: `${order.text}  # on ${to}` }];
  },
  takesMs: ({ patience, sync }) => patience + sync + NEWS_MS * 2 + VOTES_MS,
  async before({ to }, context) {
    return { primary: (await replicaOf(heirOf(to, context), context)).from };
  },
  async run({ patience, to, sync }, context) {
    const heir = heirOf(to, context);
    if (to !== "" && (await isPrimary(heir, context))) {
      return { outputs: { from: to, to, promoted_after_ms: 0 }, changed: false };
    }
    await untilElectionIsPast(heir, (await inSync(heir, sync, context)).nodeTimeoutMs, context);
    const { from } = await replicaOf(heir, context);
    const connection = await context.redis(heir);
    const ordered = performance.now();
    await connection.command(["CLUSTER", "FAILOVER"], { signal: context.signal });
    while (!(await isPrimary(heir, context))) {
      if (performance.now() - ordered > patience) throw notPromoted(heir.id, from, patience);
      await sleep(POLL_MS, context.signal);
    }
    const promoted_after_ms = Math.round(performance.now() - ordered);
    if (to !== "") await untilNobodyFollows(context);
    return { outputs: { from, to: heir.id, promoted_after_ms }, changed: true };
  },
  simulate: ({ to }, topology, { instance }) =>
    instance ? afterSwitchover(topology, to === "" ? instance.id : to) : topology,
  /** What was ordered is over after five seconds, whichever way it went. */
  async probe({ to }, context) {
    const heir = heirOf(to, context);
    const deadline = performance.now() + SERVER_LIMIT_MS + 1_000;
    while (!(await isPrimary(heir, context))) {
      if (performance.now() > deadline) return false;
      await sleep(LOOK_MS, context.signal);
    }
    return true;
  },
});

/** Who is to lead: the target itself, or the one that is named. Fails with NOT_A_TARGET where redisha.yaml does not list it. */
function heirOf(to: string, context: ActionContext): Instance {
  if (to === "") return instanceOf(context);
  const named = context.deployment.instances.find(({ id }) => id === to);
  if (!named) throw notATarget(to, "redisha.yaml does not list it");
  return named;
}

async function isPrimary(instance: Instance, context: ActionContext): Promise<boolean> {
  const connection = await context.redis(instance);
  return parseRole(await connection.command(["ROLE"], { signal: context.signal }))?.role === "primary";
}

/** Once the target leads no more, and nobody takes it for his primary: then it can be taken out. */
async function untilNobodyFollows(context: ActionContext): Promise<void> {
  const { id } = instanceOf(context);
  const deadline = performance.now() + NEWS_MS;
  for (;;) {
    const views = await readViews(dataInstances(context), reachOf(context));
    const own = views.find(({ instance }) => instance === id);
    const followed = views.some(({ primaryId }) => primaryId !== null && primaryId === own?.nodeId);
    if ((own?.primaryId !== null && !followed) || performance.now() > deadline) return;
    await sleep(LOOK_MS, context.signal);
  }
}

/** A replica as `replicaOf` gives it, waited for while it copies. */
async function inSync(heir: Instance, waitMs: number, context: ActionContext): Promise<Heir> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      return await replicaOf(heir, context);
    } catch (error) {
      if (!(error instanceof RedishaError && error.code === "NOT_A_TARGET") || performance.now() > deadline)
        throw error;
    }
    await sleep(LOOK_MS, context.signal);
  }
}

interface Heir {
  readonly from: string;
  readonly nodeTimeoutMs: number;
}

/** The node, as a replica that could take over. Fails with NOT_A_TARGET, or WRITES_BARRED. */
async function replicaOf({ id }: Instance, context: ActionContext): Promise<Heir> {
  const node = (await context.topology({ fresh: true })).nodes.find((each) => each.id === id);
  if (node?.role === "replica" && node.primary_id !== null && node.link_up === true) {
    if (beforeBar(node.min_replicas_to_write) !== undefined) throw writesBarred(id);
    return { from: node.primary_id, nodeTimeoutMs: node.cluster?.node_timeout_ms ?? NODE_TIMEOUT_MS };
  }
  throw notATarget(id, "it is no replica with a link that is up");
}

function notATarget(id: string, why: string): RedishaError {
  return new RedishaError({
    code: "NOT_A_TARGET",
    message: `${id} cannot become a primary: ${why}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status"],
  });
}

/** A move of slots that was broken off left it so. */
function writesBarred(id: string): RedishaError {
  return new RedishaError({
    code: "WRITES_BARRED",
    message: `${id} would refuse every write as a primary: slots of its shard are on their way, or were when that was broken off.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: [
      "redisha runs list names a run that was broken off: redisha runs resume",
      "where there is no such run: redisha cluster fix",
    ],
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

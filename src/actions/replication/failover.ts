import { z } from "zod";
import { RedisReplyError } from "../../connect/redis/reply-error.ts";
import type { RedisConnection } from "../../connect/types.ts";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { groupOf } from "./group.ts";
import { promotedOf } from "./promotion.ts";
import { stuck } from "./stuck.ts";
import { successorOf, tookOver } from "./took-over.ts";

/** The server's own time limit may be met just when it is up. */
const GRACE_MS = 1_000;

/**
 * Moves the primary of a group without Sentinel by the server's own FAILOVER (6.2 and later): it stops writes, waits for
 * the replica and changes places with it, or goes on as before when the time is up. Behind Sentinel's back it would
 * be undone by a second failover; there sentinel.switchover is the way.
 */
export const replicationFailover = defineAction({
  name: "replication.failover",
  summary: "Has the targeted primary change places with a replica, by the server's own FAILOVER (6.2 and later)",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    to: z.string().describe("Instance that is to be the primary"),
    patience: durationSchema.default(5_000).describe("How long writes may stand still at most, e.g. 5s"),
  }),
  output: z.strictObject({
    from: z.string().describe("The primary that was"),
    to: z.string().describe("The primary that is"),
    promoted_after_ms: z.number().describe("From the order until the replica was a primary"),
  }),
  example: `- id: switch
  action: replication.failover
  targets: { role: primary }
  with: { to: "r2:6379" }
  undo: none`,
  commands: ({ to, patience }) => [redisCommand(["FAILOVER", "TO", to, "TIMEOUT", String(patience)])],
  takesMs: ({ patience }) => patience + 30_000,
  before: async (_input, context) => ({ primary: instanceOf(context).id }),
  async run({ to, patience }, context) {
    const already = await successorOf(to, context);
    if (already !== undefined) {
      return { outputs: { from: instanceOf(context).id, to: already, promoted_after_ms: 0 }, changed: false };
    }
    const { primary, replicas } = await groupOf(to, context);
    const target = replicas.filter(({ id }) => id === to);
    const [{ endpoint } = primary] = target;
    const ordered = performance.now();
    const where = [endpoint.address, String(endpoint.port)];
    await order(primary.connection, ["FAILOVER", "TO", ...where, "TIMEOUT", String(patience)]);
    const promoted = await promotedOf(target, patience + GRACE_MS, context);
    if (!promoted) throw stuck(to, primary.id, patience);
    const promoted_after_ms = Math.round(performance.now() - ordered);
    return { outputs: { from: primary.id, to, promoted_after_ms }, changed: true };
  },
  simulate: ({ to }, topology) => afterSwitchover(topology, to),
  probe: (_input, context) => tookOver(context),
});

/** In a server's words: it changes places at this moment, or just has. */
const UNDER_WAY = /already in progress|not valid when server is a replica/;

/** One that was ordered by a process which has died since goes on by itself, for as long as it was given: it is waited for. */
async function order(primary: RedisConnection, failover: readonly string[]): Promise<void> {
  const [reply] = await primary.pipeline([failover]);
  if (reply instanceof Error && !(reply instanceof RedisReplyError && UNDER_WAY.test(reply.reply))) throw reply;
}

import { z } from "zod";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { caughtUp } from "./catch-up.ts";
import { demote } from "./demote.ts";
import { fenceCommands, guardOf, liftFence, readWriteGuard, type WriteGuard } from "./fence.ts";
import { endpointOf, type Group, groupOf, type Member } from "./group.ts";
import { letWritesPass, stated } from "./let-writes-pass.ts";
import { promotedOf } from "./promotion.ts";
import { stuck } from "./stuck.ts";
import { halfMoved, successorOf, tookOver } from "./took-over.ts";
import { yieldToPromoted } from "./yield-to-promoted.ts";

/** A replica that was told to be a primary says so at once. */
const PROMOTION_MS = 1_000;

/** Moves the primary of a group without Sentinel where the server has no FAILOVER: step by step, behind a fence. */
export const replicationSwitchover = defineAction({
  name: "replication.switchover",
  summary: "Promotes a replica in place of the targeted primary, without Sentinel, on versions that know no FAILOVER",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    to: z.string().describe("Instance that is to be the primary"),
    patience: durationSchema
      .default(5_000)
      .describe("How long, with writes stopped, the replicas may take to catch up"),
  }),
  output: z.strictObject({
    from: z.string().describe("The primary that was"),
    to: z.string().describe("The primary that is"),
    demoted_after_ms: z.number().describe("From the first refused write until the old primary was a replica"),
  }),
  example: `- id: switch
  action: replication.switchover
  targets: { role: primary }
  with: { to: "r2:6379" }
  undo: { action: replication.unfence, with: { was: "\${{ before.guard }}" }, armed: 30s }`,
  commands: ({ to }, { instance }) => [
    redisCommand(["CONFIG", "SET", "min-replicas-to-write", "1000"]),
    { transport: "controller", text: "wait until every replica has every byte" },
    { transport: "redis", text: `REPLICAOF NO ONE  # on ${to}` },
    { transport: "redis", text: `REPLICAOF ${to}  # on ${instance?.id ?? "the old primary"}, at once` },
    redisCommand(["CLIENT", "KILL", "TYPE", "normal"]),
    { transport: "redis", text: "CONFIG SET min-replicas-to-write ‹as it was›, CONFIG REWRITE" },
  ],
  takesMs: ({ patience }) => patience + 60_000,
  before: (_input, context) => readWriteGuard(context),
  async run({ to, patience }, context) {
    const { id: from } = instanceOf(context);
    const already = await successorOf(to, context);
    if (already !== undefined) {
      await liftFence(guardOf(context), context);
      return { outputs: { from, to: already, demoted_after_ms: 0 }, changed: false };
    }
    const guard = guardOf(context);
    if (await halfMoved(to, context)) {
      const promoted = { id: to, endpoint: endpointOf(to, await context.topology()) };
      await demote({ id: from, instance: instanceOf(context) }, promoted, guard, context);
      return { outputs: { from, to, demoted_after_ms: 0 }, changed: true };
    }
    const group = await groupOf(to, context);
    const stopped = performance.now();
    const promoted = await promote(group, to, guard, patience, context);
    await demote(group.primary, promoted, guard, context);
    const demoted_after_ms = Math.round(performance.now() - stopped);
    return { outputs: { from, to, demoted_after_ms }, changed: true };
  },
  simulate: ({ to }, topology) => afterSwitchover(topology, to),
  /** Where it stopped in the middle, doing it again is how it gets on. */
  probe: async ({ to }, context) => ((await halfMoved(to, context)) ? false : tookOver(context)),
});

/** Up to the promotion; where it fails, writes go on at the old primary before the error is thrown. */
async function promote(
  group: Group,
  to: string,
  guard: WriteGuard,
  patienceMs: number,
  context: ActionContext,
): Promise<Member> {
  const target = group.replicas.filter(({ id }) => id === to);
  let ordered = false;
  try {
    for (const argv of fenceCommands(guard)) await group.primary.connection.command(argv);
    await caughtUp(group, patienceMs, context.signal);
    ordered = true;
    await Promise.all(target.map(({ connection }) => connection.command(["REPLICAOF", "NO", "ONE"])));
  } catch (error) {
    if (!ordered) throw stated(error, await letWritesPass(group.primary, guard, context));
  }
  const promoted = await promotedOf(target, PROMOTION_MS, context);
  if (promoted) return promoted;
  // It may be a primary all the same: then two would take writes.
  const followed = await yieldToPromoted(guard, context);
  const late = group.replicas.find(({ id }) => id === followed);
  if (late) return late;
  throw stated(stuck(to, group.primary.id, PROMOTION_MS), await letWritesPass(group.primary, guard, context));
}

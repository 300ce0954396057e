import { z } from "zod";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { caughtUp } from "./catch-up.ts";
import { demote } from "./demote.ts";
import { fenceCommands, guardOf, readWriteGuard, type WriteGuard } from "./fence.ts";
import { type Group, groupOf, type Member } from "./group.ts";
import { letWritesPass, stated } from "./let-writes-pass.ts";
import { promotedOf } from "./promotion.ts";
import { stuck } from "./stuck.ts";
import { successorOf, tookOver } from "./took-over.ts";

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
    const already = await successorOf(to, context);
    if (already !== undefined) {
      return { outputs: { from: instanceOf(context).id, to: already, demoted_after_ms: 0 }, changed: false };
    }
    const group = await groupOf(to, context);
    const guard = guardOf(context);
    const stopped = performance.now();
    const promoted = await promote(group, to, guard, patience, context);
    await demote(group.primary, promoted, guard, context);
    const demoted_after_ms = Math.round(performance.now() - stopped);
    return { outputs: { from: group.primary.id, to, demoted_after_ms }, changed: true };
  },
  simulate: ({ to }, topology) => afterSwitchover(topology, to),
  probe: (_input, context) => tookOver(context),
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
  try {
    for (const argv of fenceCommands(guard)) await group.primary.connection.command(argv);
    await caughtUp(group, patienceMs, context.signal);
    await Promise.all(target.map(({ connection }) => connection.command(["REPLICAOF", "NO", "ONE"])));
  } catch (error) {
    const late = await promotedOf(target, PROMOTION_MS, context);
    if (late) return late;
    throw stated(error, await letWritesPass(group.primary, guard, context));
  }
  const promoted = await promotedOf(target, PROMOTION_MS, context);
  if (promoted) return promoted;
  throw stated(stuck(to, group.primary.id, PROMOTION_MS), await letWritesPass(group.primary, guard, context));
}

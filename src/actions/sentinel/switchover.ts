import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import { bestCandidate } from "../../topology/promotable.ts";
import type { Topology } from "../../topology/schema.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { caughtUp } from "../replication/catch-up.ts";
import { demote } from "../replication/demote.ts";
import { fenceCommands, guardOf, liftFence, readWriteGuard, type WriteGuard } from "../replication/fence.ts";
import { type Group, groupOf, type Member } from "../replication/group.ts";
import { letWritesPass, stated } from "../replication/let-writes-pass.ts";
import { promotedOf } from "../replication/promotion.ts";
import { successorOf, tookOver } from "../replication/took-over.ts";
import { callOff } from "./call-off.ts";
import { bestMoment } from "./moment.ts";
import { orderFailover } from "./order-failover.ts";
import { masterNameOf, type Watcher, watchersOf } from "./watchers.ts";

const input = z.strictObject({
  to: z.string().default("").describe("Instance that is to be the primary; empty where Sentinel chooses"),
  patience: durationSchema
    .default(5_000)
    .describe("How long, with writes stopped, the replicas may take to catch up, and again Sentinel to promote one"),
  alignment: durationSchema
    .default(11_000)
    .describe("How long to wait beforehand, while writes go on, for a moment at which Sentinel will be quick"),
});

const output = z.strictObject({
  from: z.string().describe("The primary that was"),
  to: z.string().describe("The primary that is"),
  sentinel: z.string().describe("Which one ordered it"),
  promoted_after_ms: z.number().describe("From the first refused write until the replica was a primary"),
  demoted_after_ms: z.number().describe("From the first refused write until the old primary was its replica"),
});

/** From the order to the promotion it takes 130 to 300 ms, and some time goes by until the order. */
const LEAD_MS = 400;

/**
 * Moves the primary without losing a write. Plain `SENTINEL FAILOVER` leaves the old primary writable for some ten
 * seconds, and all that it acknowledges meanwhile is lost; so writes are stopped first, every replica has everything,
 * then Sentinel promotes one, and the old primary becomes its replica before it takes writes again.
 *
 * What stops writes is a fence (min-replicas-to-write) that the host takes away by itself when this process dies: it has
 * to stand until Sentinel has demoted the old primary, some 11 s at worst. CLIENT PAUSE lies on top of it where the server
 * has it, so that clients wait instead of seeing errors. Alone it would not do: it also holds up Sentinel, which PUBLISHes.
 */
export const sentinelSwitchover = defineAction({
  name: "sentinel.switchover",
  summary: "Promotes a replica in place of the targeted primary, through Sentinel, and loses no acknowledged write",
  scope: "instance",
  effect: "disruptive",
  input,
  output,
  example: `- id: switch
  action: sentinel.switchover
  targets: { role: primary }
  with: { to: "r2:6379" }
  undo: { action: replication.unfence, with: { was: "\${{ before.guard }}" }, armed: 30s }`,
  commands: ({ to }, { instance }) => [
    redisCommand(["CLIENT", "PAUSE", "‹ms›", "WRITE"]),
    redisCommand(["CONFIG", "SET", "min-replicas-to-write", "1000"]),
    { transport: "controller", text: "wait until every replica has every byte" },
    { transport: "redis", text: "SENTINEL FAILOVER ‹master name›  # at one Sentinel" },
    { transport: "controller", text: `wait until ${to || "a replica"} says that it is a primary` },
    {
      transport: "redis",
      text: `REPLICAOF ${to || "‹new primary›"}  # on ${instance?.id ?? "the old primary"}, at once`,
    },
    redisCommand(["CLIENT", "KILL", "TYPE", "normal"]),
    redisCommand(["CLIENT", "UNPAUSE"]),
    { transport: "redis", text: "CONFIG SET min-replicas-to-write ‹as it was›, CONFIG REWRITE" },
  ],
  takesMs: ({ patience, alignment }) => alignment + 3 * patience + 60_000,
  before: (_input, context) => readWriteGuard(context),
  async run({ to, patience, alignment }, context) {
    const already = await successorOf(to, context);
    if (already !== undefined) {
      await liftFence(guardOf(context), context);
      return {
        outputs: { from: instanceOf(context).id, to: already, sentinel: "", promoted_after_ms: 0, demoted_after_ms: 0 },
        changed: false,
      };
    }
    const group = await groupOf(to, context);
    const [first, ...others] = await watchersOf(group.primary.id, group.topology, context);
    if (!first) throw new TypeError("no Sentinel, and no error that says so");
    const name = masterNameOf(context);
    const guard = guardOf(context);
    const watcher = await bestMoment(
      [first, ...others],
      name,
      group.replicas,
      { leadMs: LEAD_MS, patienceMs: alignment },
      context.signal,
    );
    context.progress(`writes are stopped; ${watcher.id} is to fail over`);
    const stopped = performance.now();
    const promoted = await promote(group, watcher, name, guard, patience, context);
    const promotedMs = performance.now() - stopped;
    await demote(group.primary, promoted, guard, context);
    const demotedMs = performance.now() - stopped;
    context.progress(`${promoted.id} is the primary`);
    const outputs = {
      from: group.primary.id,
      to: promoted.id,
      sentinel: watcher.id,
      promoted_after_ms: Math.round(promotedMs),
      demoted_after_ms: Math.round(demotedMs),
    };
    return { outputs, changed: true };
  },
  simulate({ to }, topology, { instance }) {
    const next =
      to ?? bestCandidate(topology.nodes.filter(({ primary_id, up }) => up && primary_id === instance?.id))?.id;
    return next === undefined ? topology : afterSwitchover(topology, next);
  },
  probe: (_input, context) => tookOver(context),
});

/** Everything up to the promotion. Where it fails, writes go on at the old primary before the error is thrown. */
async function promote(
  group: Group,
  watcher: Watcher,
  name: string,
  guard: WriteGuard,
  patienceMs: number,
  context: ActionContext,
): Promise<Member> {
  try {
    await stopWrites(group, guard);
    const ready = () => caughtUp(group, patienceMs, context.signal);
    await orderFailover(watcher, ["SENTINEL", "FAILOVER", name], ready, patienceMs);
    const promoted = await promotedOf(group.replicas, patienceMs, context);
    if (promoted) return promoted;
    throw notPromoted(watcher.id, patienceMs);
  } catch (error) {
    // Where the order was not taken there is nothing to call off.
    const taken = error instanceof RedishaError && ["FAILOVER_STUCK", "FAILOVER_UNANSWERED"].includes(error.code);
    const late = taken ? await callOff(group, watcher, name, context) : undefined;
    if (late) return late;
    throw stated(error, await letWritesPass(group.primary, guard, context));
  }
}

async function stopWrites({ primary: { connection }, topology }: Group, guard: WriteGuard): Promise<void> {
  // Where the server does not know it (before 6.2) the fence alone has to do.
  const pause = ["CLIENT", "PAUSE", String(pauseOf(topology)), "WRITE"];
  const [paused] = await connection.pipeline([pause]);
  // Whoever is about to write is to meet the pause, and wait; the fence comes before it and answers with an error.
  if (!(paused instanceof Error)) await delay(10);
  for (const argv of fenceCommands(guard)) await connection.command(argv);
}

/** While clients are paused so is Sentinel's PUBLISH, and its PINGs behind it: half of what makes it doubt the server. */
function pauseOf({ sentinels }: Topology): number {
  const shortest = Math.min(...sentinels.map(({ down_after_ms }) => down_after_ms ?? 30_000));
  return Math.max(100, Math.min(3_000, Math.floor(shortest / 2)));
}

function notPromoted(sentinel: string, patienceMs: number): RedishaError {
  return new RedishaError({
    code: "FAILOVER_STUCK",
    message: `${sentinel} took the order to fail over, and no replica was promoted within ${patienceMs} ms.`,
    host: sentinel,
    next: ["redisha status", `the log of ${sentinel}: +failover-state…, -failover-abort…`],
  });
}

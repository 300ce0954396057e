import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type NodeView, primaryOf, readViews } from "../../reshard/cluster-view.ts";
import { CutOff } from "../../reshard/cut-off.ts";
import { type Conflict, gatherSlots } from "../../reshard/gather.ts";
import { Pace } from "../../reshard/pace.ts";
import { slotsIn } from "../../reshard/slot-list.ts";
import { printRanges } from "../../topology/parse/slots.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { movesSchema } from "./moves-schema.ts";
import { loginOf, reachOf } from "./reach.ts";
import { shownKey } from "./shown-key.ts";

/** A key that was cut off on its way would lie on both sides: one is given as long as the largest may take. */
const MIGRATE_MS = 240_000;

const input = z.strictObject({
  gather: movesSchema.describe("As cluster.plan_fix gives it; those of others are left alone"),
  shards: z.array(z.array(z.string())).describe("Who stands for whom after a failover"),
  keep: z
    .enum(["ask", "owner", "other"])
    .default("ask")
    .describe("Whose copy stays where both hold a different one; ask: neither is touched"),
  max_latency: durationSchema.default(5).describe("How long a client may have to wait for what is moved at once"),
});

/** Brings keys that lie with the targeted node to who owns their slots. */
export const clusterGatherKeys = defineAction({
  name: "cluster.gather_keys",
  summary: "Brings keys of slots that the targeted node does not own to their owner, over nothing that the owner holds",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({
    moved: z.int().describe("Keys that were brought to the owner"),
    dropped: z.int().describe("Copies that were deleted, since the owner has the same or its own was to stay"),
    conflicts: z
      .array(z.strictObject({ slot: z.int(), key: z.string(), owner: z.string() }))
      .describe("Keys of which the owner has a different copy: both stay where they are"),
  }),
  example: `- id: gather
  action: cluster.gather_keys
  targets: { role: data, where: 'host.id in steps.plan.outputs.gatherers' }
  with: { gather: "\${{ steps.plan.outputs.gather }}", shards: "\${{ steps.plan.outputs.shards }}" }
  undo: none`,
  commands: ({ gather, keep }, { instance }) =>
    gather
      .filter(({ from }) => from === instance?.id)
      .flatMap(({ to, slots }) => [
        redisCommand(["CLUSTER", "SETSLOT", printRanges(slots), "IMPORTING", to]),
        { transport: "redis" as const, text: `MIGRATE ${to} 0 KEYS …  # without REPLACE, until none is left` },
        ...(keep === "other"
          ? [{ transport: "redis" as const, text: `UNLINK KEY  # on ${to}, where both differ` }]
          : []),
        { transport: "redis" as const, text: "UNLINK KEY  # where the owner has the same" },
        redisCommand(["CLUSTER", "SETSLOT", printRanges(slots), "STABLE"]),
      ]),
  takesMs: () => 7 * 86_400_000,
  async run(given, context) {
    const { id } = instanceOf(context);
    let moved = 0;
    let dropped = 0;
    const conflicts: { slot: number; key: string; owner: string }[] = [];
    for (const { to, slots } of given.gather.filter(({ from }) => from === id)) {
      const views = await readViews(
        context.deployment.instances.map((instance) => instance.id),
        reachOf(context),
      );
      const source = views.find(({ instance }) => instance === id);
      const owner = primaryOf(given.shards.find((shard) => shard.includes(to)) ?? [to], views);
      if (!source || !owner) throw notOwned(to);
      const owned = slotsIn(slots).filter((slot) => owner.owners[slot] === owner.nodeId && owner !== source);
      if (owned.length < slotsIn(slots).length) throw notOwned(to);
      const came = await gatherSlots(
        owned,
        owner.nodeId,
        await handover(source, owner, given, context),
        given.keep,
        (keys) => context.progress(`${keys.toLocaleString("en")} keys brought to ${owner.instance}`),
      );
      moved += came.moved;
      dropped += came.dropped;
      conflicts.push(...came.conflicts.map((conflict) => shown(conflict, owner.instance)));
    }
    return { outputs: { moved, dropped, conflicts }, changed: true };
  },
  repeatable: true,
});

function shown({ slot, key }: Conflict, owner: string) {
  return { slot, key: shownKey(key), owner };
}

async function handover(source: NodeView, owner: NodeView, given: z.output<typeof input>, context: ActionContext) {
  const line = source.lines.find(({ id }) => id === owner.nodeId);
  if (!line || line.address === "") throw notOwned(owner.instance);
  const { connect, signal } = reachOf(context);
  return {
    source: await connect(source.instance),
    target: await connect(owner.instance),
    ...{ address: line.address, port: line.port, signal },
    login: await loginOf(context),
    sourceOwns: false,
    timeoutMs: MIGRATE_MS,
    pace: new Pace(given.max_latency),
    bandwidth: undefined,
    cutOff: new CutOff(),
  };
}

function notOwned(owner: string): RedishaError {
  return new RedishaError({
    code: "NOT_THE_OWNER",
    message: `${owner} does not own all of the slots that were to be brought to it.`,
    host: owner,
    exit: EXIT.outcomeUnknown,
    state: "keys lie where they lay; what was brought to the owner is there",
    next: ["redisha cluster check", "redisha cluster fix"],
  });
}

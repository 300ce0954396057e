import { z } from "zod";
import { formatBytes, formatDuration } from "../../core/units.ts";
import { RunSlot } from "../../engine/run-life.ts";
import { Bandwidth } from "../../reshard/bandwidth.ts";
import { Mover, type Progress } from "../../reshard/mover.ts";
import type { Move } from "../../reshard/plan-moves.ts";
import { SideBySide } from "../../reshard/side-by-side.ts";
import { afterSlotMoves } from "../../topology/after-slot-moves.ts";
import { printRanges } from "../../topology/parse/slots.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { outputsOf, perTarget } from "../outputs-of.ts";
import { redisCommand } from "../redis/argv.ts";
import { bandwidthSchema } from "./bandwidth-schema.ts";
import { movesSchema } from "./moves-schema.ts";
import { loginOf, reachOf } from "./reach.ts";

/** Between two lines of progress, in milliseconds. */
const TELL_EVERY_MS = 250;

const input = z.strictObject({
  moves: movesSchema.describe("As cluster.plan_slots gives them; those of other sources are left alone"),
  shards: z.array(z.array(z.string())).describe("Who stands for whom after a failover, as cluster.plan_slots gives it"),
  back: z.boolean().default(false).describe("The other way round: what went away from the target comes back to it"),
  method: z
    .enum(["auto", "keys"])
    .default("auto")
    .describe(
      "auto: servers that can (Valkey 9, Redis 8.4) move slots by themselves; keys: key by key, with shorter stops",
    ),
  max_latency: durationSchema.default(5).describe("How long a client may have to wait for what is moved at once"),
  bandwidth: bandwidthSchema.describe(
    "Bytes a second, of all sources of the run together, as keys take memory; key by key then",
  ),
  survey: perTarget.describe("hosts of a step cluster.survey_slots, to tell of bytes while they move"),
  patience: durationSchema.default(60_000).describe("How long to wait for a node that does not answer, or a failover"),
  migrate_timeout: durationSchema.default(5_000).describe("How long a source waits for its target within one MIGRATE"),
});

/** Moves slots away from the targeted primary, with all that is in them, while clients go on. */
export const clusterMoveSlots = defineAction({
  name: "cluster.move_slots",
  summary: "Moves slots from the targeted primary to others while clients go on; goes on with what is half moved",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({
    slots: z.int().describe("Slots that are where they belong"),
    changed: z.int().describe("Of those, the ones that had to be moved"),
    keys: z.int().describe("Keys that were moved"),
    longest_ms: z
      .number()
      .describe("The longest that one command kept the source from its clients, or that it held writes back by itself"),
    retries: z.int().describe("How often it had to look anew, because somebody did not answer"),
    duration_ms: z.number(),
  }),
  example: `- id: move
  action: cluster.move_slots
  targets: { role: data, where: 'host.id in steps.plan.outputs.sources' }
  with: { moves: "\${{ steps.plan.outputs.moves }}", shards: "\${{ steps.plan.outputs.shards }}" }
  undo:
    action: cluster.move_slots
    with: { moves: "\${{ steps.plan.outputs.moves }}", shards: "\${{ steps.plan.outputs.shards }}", back: true }`,
  commands: (given, { instance }) =>
    movesOf(given, instance?.id ?? "").flatMap(({ from, to, slots }) => {
      const each = (what: string, where: string) =>
        redisCommand(["CLUSTER", "SETSLOT", "SLOT", ...what.split(" ")]).text.concat(`  # on ${where}`);
      const limit =
        given.bandwidth === null ? "" : `; ${formatBytes(given.bandwidth)} a second from all sources at most`;
      const byItself =
        given.method === "auto" && given.bandwidth === null
          ? "; servers that can (Valkey 9, Redis 8.4) are told once to move them all: CLUSTER MIGRATESLOTS, CLUSTER MIGRATION"
          : "";
      return [
        {
          transport: "redis" as const,
          text: `CONFIG SET min-replicas-to-write VALUE+1000000  # on replicas of ${from}, a Redis, while slots are open: who takes over refuses writes until it knows of them`,
        },
        { transport: "redis" as const, text: `# each SLOT of ${printRanges(slots)}, from ${from} to ${to}${byItself}` },
        { transport: "redis" as const, text: each(`IMPORTING ${from}`, to) },
        { transport: "redis" as const, text: each(`MIGRATING ${to}`, from) },
        {
          transport: "redis" as const,
          text: `MIGRATE ${to} 0 REPLACE KEYS …  # on ${from}, until it holds none${limit}`,
        },
        {
          transport: "redis" as const,
          text: each(
            `NODE ${to}`,
            `${to} (a Redis: up to 64 in one MULTI with PUBLISH redisha:slots, each STABLE first, the last IMPORTING again), then ${from}, then the other primaries, but no Redis 7 and no Valkey that has heard`,
          ),
        },
      ];
    }),
  takesMs: ({ patience }) => patience + LONGEST_MS,
  async run(given, context) {
    const started = performance.now();
    const moves = movesOf(given, instanceOf(context).id);
    const mover = new Mover(moves, {
      instances: context.deployment.instances.map(({ id }) => id),
      shards: given.shards,
      login: await loginOf(context),
      method: given.method,
      maxLatencyMs: given.max_latency,
      bandwidth: bandwidthOf(given.bandwidth, context),
      allMoves: directed(given),
      sideBySide: sharedOf(context),
      patienceMs: given.patience,
      migrateTimeoutMs: given.migrate_timeout,
      ...reachOf(context),
      forgetFailures: () => context.forgetFailures(),
      stopAsked: () => context.stopAsked(),
      onProgress: progressOf(context, started, keyBytesOf(given, instanceOf(context).id)),
      onTrouble: (message) => context.emit({ type: "warning", message: `${context.step}: ${message}` }),
    });
    const { slots, changed, keys, longestMs, retries } = await mover.run();
    const duration_ms = Math.round(performance.now() - started);
    const longest_ms = Math.round(longestMs * 10) / 10;
    return { outputs: { slots, changed, keys, longest_ms, retries, duration_ms }, changed: changed > 0 };
  },
  simulate: (given, topology, { instance }) => afterSlotMoves(topology, movesOf(given, instance?.id ?? "")),
  repeatable: true,
});

/** Longer than any move takes; what hangs is noticed by its patience. */
const LONGEST_MS = 7 * 86_400_000;

const bandwidths = new RunSlot<Bandwidth>();

/** One for all sources of a run. */
function bandwidthOf(bytesPerSecond: number | null, { life }: ActionContext): Bandwidth | undefined {
  if (bytesPerSecond === null) return undefined;
  const known = bandwidths.of(life);
  const shared = known?.bytesPerSecond === bytesPerSecond ? known : new Bandwidth(bytesPerSecond);
  bandwidths.put(life, shared);
  return shared;
}

const shared = new RunSlot<SideBySide>();

/** One for all sources of a run. */
function sharedOf({ life }: ActionContext): SideBySide {
  const known = shared.of(life) ?? new SideBySide();
  shared.put(life, known);
  return known;
}

/** Of the whole run, the way they go now. */
function directed({ moves, back }: Pick<z.output<typeof input>, "moves" | "back">): Move[] {
  return back ? moves.map((move) => ({ ...move, from: move.to, to: move.from })) : moves;
}

function movesOf({ moves, back }: z.output<typeof input>, source: string): Move[] {
  return directed({ moves: moves.filter(({ from }) => from === source), back });
}

/** What a key takes in memory on average, where that was looked at. */
function keyBytesOf({ survey }: z.output<typeof input>, source: string): number {
  const counted = outputsOf(survey, z.object({ keys: z.number(), bytes: z.number() }))[source];
  return counted && counted.keys > 0 ? counted.bytes / counted.keys : 0;
}

function progressOf(context: ActionContext, started: number, keyBytes: number): (progress: Progress) => void {
  let told = Number.NEGATIVE_INFINITY;
  return ({ slots, of, keys, longestMs }) => {
    const now = performance.now();
    if (now - told < TELL_EVERY_MS && slots < of) return;
    told = now;
    const rate = Math.round(keys / Math.max((now - started) / 1_000, 0.001));
    const bytes = keyBytes > 0 ? `, about ${formatBytes(Math.round(rate * keyBytes))}/s` : "";
    const held = longestMs > 0 ? `, clients held up for ${formatDuration(longestMs)} at most` : "";
    context.progress(`${keys.toLocaleString("en")} keys, ${rate.toLocaleString("en")}/s${bytes}${held}`, {
      done: slots,
      total: of,
      unit: "slots",
    });
  };
}

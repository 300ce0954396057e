import { z } from "zod";
import { formatBytes, formatDuration } from "../../core/units.ts";
import { slotsIn } from "../../reshard/slot-list.ts";
import { surveySlots } from "../../reshard/survey.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { bandwidthSchema } from "./bandwidth-schema.ts";
import { movesSchema } from "./moves-schema.ts";
import { shownKey } from "./shown-key.ts";

/**
 * Bytes that a primary moves in a millisecond, of one large key: a hash of 3 million fields and 298 MB kept a Redis 7.0 busy
 * for 5.2 seconds, smaller ones a little less. A list or a string goes much quicker.
 */
const BYTES_PER_MS = 57_000;

/** Small keys that one primary moves in a second, for the estimate: measured on loopback, where nothing else was limiting. */
const KEYS_PER_S = 60_000;

/** Slots that one primary hands over in a second, keys aside. */
const SLOTS_PER_S = 3_000;

const MOST_SHOWN = 10;

/** Says what is going to be moved: how much, and which keys are so large that their servers stand still for them. */
export const clusterSurveySlots = defineAction({
  name: "cluster.survey_slots",
  summary: "Counts keys and bytes of the slots that go away from the targeted primary, and looks for large keys",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({
    moves: movesSchema.describe("As cluster.plan_slots gives them; those of other sources are left alone"),
    bandwidth: bandwidthSchema.describe("Bytes a second that all sources together may move, for the estimate"),
    samples: z.int().min(1).default(50_000).describe("Keys that are weighed at most; all, where there are no more"),
    big_bytes: z.int().min(1).default(8_388_608).describe("From this many bytes on a key is shown"),
  }),
  output: z.strictObject({
    slots: z.int(),
    keys: z.int(),
    sampled: z.int().describe("Keys that were weighed"),
    bytes: z.int().describe("What all of them take in memory, by those that were weighed"),
    estimated_ms: z.int().describe("How long the move may take: a guess, before it is known how quick the servers are"),
    big_keys: z
      .array(z.strictObject({ slot: z.int(), key: z.string(), bytes: z.int(), blocks_ms: z.int() }))
      .describe("Large keys among those that were weighed, the largest first"),
    longest_block_ms: z.int().describe("How long the largest of them may keep its server from all clients"),
  }),
  example: `- id: survey
  action: cluster.survey_slots
  targets: { role: primary, where: 'host.id in steps.plan.outputs.sources' }
  with: { moves: "\${{ steps.plan.outputs.moves }}" }`,
  commands: () => [
    redisCommand(["CLUSTER", "COUNTKEYSINSLOT", "SLOT"]),
    redisCommand(["CLUSTER", "GETKEYSINSLOT", "SLOT", "COUNT"]),
    redisCommand(["MEMORY", "USAGE", "KEY"]),
  ],
  tell: ({ slots, keys, bytes, estimated_ms, big_keys }) =>
    [
      `${slots.toLocaleString("en")} slots, ${keys.toLocaleString("en")} keys, about ${formatBytes(bytes)}`,
      `takes about ${formatDuration(estimated_ms)}`,
      ...big_keys.map(
        ({ key, bytes: size, blocks_ms }) =>
          `${key} is ${formatBytes(size)} and may keep its server from all clients for ${formatDuration(blocks_ms)}`,
      ),
    ].join("; "),
  async run({ moves, bandwidth, samples, big_bytes }, context) {
    const instance = instanceOf(context);
    const slots = slotsIn(moves.filter(({ from }) => from === instance.id).flatMap((move) => move.slots));
    const all = moves.reduce((sum, { count }) => sum + count, 0);
    const connection = await context.redis(instance);
    const { keys, sampled, bytes, bigKeys } = await surveySlots(slots, connection, samples, big_bytes, context.signal);
    const big_keys = bigKeys
      .map(({ slot, key, bytes: size }) => ({
        ...{ slot, key: shownKey(key), bytes: size },
        blocks_ms: Math.round(size / BYTES_PER_MS),
      }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MOST_SHOWN);
    const seconds = keys / KEYS_PER_S + slots.length / SLOTS_PER_S;
    const unlimited = seconds * 1_000 + bytes / BYTES_PER_MS;
    // Of the line, each source has a part as large as its part of the slots.
    const limited = bandwidth === null ? 0 : (bytes / bandwidth) * (all / Math.max(slots.length, 1)) * 1_000;
    const estimated_ms = Math.round(Math.max(unlimited, limited));
    const longest_block_ms = big_keys[0]?.blocks_ms ?? 0;
    return {
      outputs: { slots: slots.length, keys, sampled, bytes, estimated_ms, big_keys, longest_block_ms },
      changed: false,
    };
  },
});

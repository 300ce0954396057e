import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatBytes, formatDuration } from "../../core/units.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

const MIB = 1024 * 1024;

/** However little is written now: a backlog of less is used up by one script that writes at night. */
const LEAST = 64 * MIB;

/** Long enough to tell a rate, and short enough to be waited for in a plan. */
const SAMPLE_MS = 3_000;

/** How large the backlogs have to be, for a replica that was away for a while to need no full sync. */
export const upgradeBacklog = defineAction({
  name: "upgrade.backlog",
  summary:
    "Counts what is written, and from that the backlog by which a replica may be away for a while and need no full sync",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({ away: durationSchema.describe("How long it may be away: 15m") }),
  output: z.strictObject({
    rate: z.int().describe("Bytes a second: as measured now, or as redisha.yaml declares where that is more"),
    bytes: z.int().describe("Size of the backlog that every server needs"),
  }),
  example: `- id: backlog
  action: upgrade.backlog
  with: { away: 15m }`,
  commands: () => [{ transport: "redis", text: "INFO replication, on the primary, twice" }],
  tell: ({ rate, bytes }) =>
    `${formatBytes(rate)} a second are written; repl-backlog-size of every server: ${formatBytes(bytes)}`,
  takesMs: () => SAMPLE_MS + 60_000,
  async run({ away }, context) {
    const rate = Math.max(context.deployment.writeBytesPerSecond ?? 0, await measured(context));
    const topology = await context.topology({ seen: true });
    const there = topology.nodes.map(({ backlog_bytes }) => backlog_bytes ?? 0);
    const bytes = Math.ceil(Math.max(LEAST, (rate * away) / 1_000, ...there) / MIB) * MIB;
    const tight = topology.nodes.filter((node) => isTooTight(node, bytes));
    if (tight.length > 0) throw noRoom(tight, bytes, away);
    return { outputs: { rate, bytes }, changed: false };
  },
});

async function measured(context: ActionContext): Promise<number> {
  const [began, before] = [performance.now(), written(await context.topology({ fresh: true }))];
  await sleep(SAMPLE_MS, context.signal);
  const after = written(await context.topology({ fresh: true }));
  return Math.round((Math.max(0, after - before) * 1_000) / (performance.now() - began));
}

function written({ nodes }: Topology): number {
  return nodes.reduce((sum, { role, offset }) => sum + (role === "primary" ? (offset ?? 0) : 0), 0);
}

/** A backlog counts as used memory: keys would be evicted for it, or writes refused. */
function isTooTight({ maxmemory, used_memory, backlog_bytes }: DataNode, bytes: number): boolean {
  if (maxmemory === null || maxmemory === 0) return false;
  return (used_memory ?? 0) + bytes - (backlog_bytes ?? 0) > maxmemory;
}

function noRoom(tight: readonly DataNode[], bytes: number, awayMs: number): RedishaError {
  return new RedishaError({
    code: "UPGRADE_STANDBY_NO_ROOM",
    message: `A backlog of ${formatBytes(bytes)} does not fit below maxmemory of ${tight.map(({ id }) => id).join(", ")}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [
      `let the standby be away for less than ${formatDuration(awayMs)}: --standby-away`,
      "raise maxmemory: redisha run raise-maxmemory",
    ],
  });
}

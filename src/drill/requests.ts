import { setTimeout as sleep } from "node:timers/promises";
import type { RedisConnection } from "../connect/types.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { formatDuration } from "../core/units.ts";
import type { Measuring } from "./measuring.ts";
import type { ReadBackResult, RequestName, Requests } from "./messages.ts";
import { MILESTONE_MEANING, type Milestone, type Reached } from "./milestones.ts";
import { readBack } from "./read-back.ts";
import type { ReadBack } from "./recording.ts";

/** Between two looks at whether a milestone was reached. */
const LOOK_MS = 10;

export type Handlers = {
  readonly [K in RequestName]: (what: Requests[K]["with"], signal: AbortSignal) => Promise<Requests[K]["gives"]>;
};

/** How the measuring thread answers what the run asks. */
export function handlersOf(measuring: Measuring): Handlers {
  return {
    until: ({ milestone, within_ms }, signal) => until(measuring, milestone, within_ms, signal),
    tally: async ({ since }) => measuring.tally(since),
    read_back: ({ when }) => readAllBack(measuring, when),
    stop: () => measuring.stop(),
    clean: async () => {
      await measuring.stop();
      return { removed: await removeKeys(measuring) };
    },
    recording: async () => measuring.recording(),
  };
}

/** Removes the lists of all writers from the primary. */
export async function removeKeys(measuring: Measuring): Promise<number> {
  await measuring.stop();
  return onPrimary(measuring, async (connection) => {
    const keys = measuring.writers.map(({ key }) => key);
    return Number(await connection.command(["UNLINK", ...keys]));
  });
}

async function until(
  measuring: Measuring,
  milestone: Milestone,
  withinMs: number,
  signal: AbortSignal,
): Promise<Reached> {
  const { scene } = measuring;
  const deadline = measuring.now() + withinMs;
  for (;;) {
    const missing = scene.missing(milestone);
    const reached = scene.reached(milestone);
    if (missing === null && reached) return reached;
    if (measuring.now() >= deadline) throw notReached(milestone, withinMs, missing);
    await sleep(LOOK_MS, undefined, { signal });
  }
}

async function readAllBack(measuring: Measuring, when: ReadBack["when"]): Promise<ReadBackResult> {
  const missing = when === "rejoined" ? measuring.scene.missing("old_primary_back") : null;
  if (missing !== null) throw notRejoined(missing);
  return onPrimary(measuring, async (connection) => {
    const by_probe: ReadBackResult["by_probe"][number][] = [];
    for (const writer of measuring.writers) {
      const row = await readBack(writer, connection, when, () => measuring.now());
      const { acked: _, kind: __, ...kept } = row;
      measuring.readBacks.push(kept);
      by_probe.push(row);
    }
    return { node: connection.instance, by_probe };
  });
}

/** With a patient connection of its own: this is no probe. */
async function onPrimary<T>(measuring: Measuring, work: (connection: RedisConnection) => Promise<T>): Promise<T> {
  const [primary] = measuring.scene.primaries();
  if (primary === undefined) throw noPrimary();
  const { connect_ms, command_ms } = measuring.settings;
  const connection = await measuring.dialer.open(primary, { connectMs: connect_ms, commandMs: command_ms });
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

function notReached(milestone: Milestone, withinMs: number, missing: string | null): RedishaError {
  return new RedishaError({
    code: "DRILL_NOT_REACHED",
    message: `${milestone} was not reached within ${formatDuration(withinMs)}: ${missing ?? "it did not last"}.`,
    exit: EXIT.unhealthy,
    state: `the probes go on; awaited was that ${MILESTONE_MEANING[milestone]}`,
    next: [
      ...(milestone === "promoted" ? ["was it back before it was held to be down? Then nothing had to fail over"] : []),
      "redisha status",
    ],
  });
}

function notRejoined(missing: string): RedishaError {
  return new RedishaError({
    code: "DRILL_NOT_REJOINED",
    message: `What was lost is certain only once the old primary follows the new one, and ${missing}.`,
    exit: EXIT.unhealthy,
    state: "nothing was read",
    next: ["wait for it first: drill.await with until: old_primary_back", "redisha status"],
  });
}

function noPrimary(): RedishaError {
  return new RedishaError({
    code: "DRILL_NO_PRIMARY",
    message: "No instance of the drilled shard says that it is primary.",
    exit: EXIT.unhealthy,
    state: "the keys of the drill stay until they expire",
    next: ["redisha status"],
  });
}

import { pairsOf } from "../topology/parse/pairs.ts";
import { all } from "./orders.ts";
import type { JobState, SlotJobs } from "./slot-jobs.ts";
import { rangesOf } from "./slot-list.ts";
import type { Pair } from "./window.ts";

/** How a job may have ended. */
const ENDED = ["success", "failed", "cancelled"];

/** Valkey 9 and later: the source is told, and tells. */
export function valkeyJobs({ handover: { source, signal }, targetId }: Pair): SlotJobs {
  const jobs = async () => {
    const reply = await source.command(["CLUSTER", "GETSLOTMIGRATIONS"], { signal });
    return (Array.isArray(reply) ? reply : [])
      .map(pairsOf)
      .filter(({ operation, target_node }) => operation === "EXPORT" && target_node === targetId);
  };
  return {
    async begun() {
      return (await jobs()).find(({ state }) => !ENDED.includes(state ?? ""))?.name;
    },
    async begin(slots) {
      const known = new Set((await jobs()).map(({ name }) => name));
      const ranges = rangesOf(slots).flatMap((range) => range.map(String));
      await source.command(["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", ...ranges, "NODE", targetId], { signal });
      return (await jobs()).find(({ name = "" }) => !known.has(name))?.name ?? "";
    },
    async look(name): Promise<JobState> {
      const [reply, info] = await all(
        source,
        [
          ["CLUSTER", "GETSLOTMIGRATIONS"],
          ["INFO", "clients"],
        ],
        signal,
      );
      const job = (Array.isArray(reply) ? reply : []).map(pairsOf).find((each) => each.name === name);
      const { state = "no trace of it is left", message } = job ?? {};
      const ended = !job || ENDED.includes(state);
      return {
        state: !ended ? "under_way" : state === "success" ? "done" : "failed",
        message: message || state,
        holds: /^paused_reason:slot_migration/m.test(String(info)),
        heldMs: undefined,
      };
    },
    async cancel() {
      await source.command(["CLUSTER", "CANCELSLOTMIGRATIONS"], { signal }).catch(() => undefined);
    },
  };
}

import { pairsOf } from "../topology/parse/pairs.ts";
import type { JobState, SlotJobs } from "./slot-jobs.ts";
import { rangesOf } from "./slot-list.ts";
import type { Pair } from "./window.ts";

/** How a task may have ended. One that failed has not: the target tries it again and again until it is called off. */
const ENDED = ["completed", "canceled"];

/** Redis 8.4 and later: the target is told, and fetches the slots; how long writes were held back the source knows. */
export function redisTasks({ handover: { source, target, signal }, sourceId }: Pair): SlotJobs {
  const status = async (node: typeof source, ...which: string[]) => {
    const reply = await node.command(["CLUSTER", "MIGRATION", "STATUS", ...which], { signal });
    return (Array.isArray(reply) ? reply : []).map(pairsOf);
  };
  return {
    async begun() {
      const tasks = await status(target, "ALL");
      const imports = tasks.filter((task) => task.operation === "import" && task.source === sourceId);
      return imports.find(({ state = "" }) => !ENDED.includes(state))?.id;
    },
    async begin(slots) {
      const ranges = rangesOf(slots).flatMap((range) => range.map(String));
      return String(await target.command(["CLUSTER", "MIGRATION", "IMPORT", ...ranges], { signal }));
    },
    async look(id): Promise<JobState> {
      const [task] = await status(target, "ID", id);
      const { state = "no trace of it is left", last_error: error, retries } = task ?? {};
      const gaveUp = !task || ["canceled", "failed"].includes(state) || Number(retries) > 0;
      const done = state === "completed";
      // The source may have forgotten it, or be gone by now: how long it was is then not known.
      const [given] = done ? await status(source, "ID", id).catch(() => []) : [];
      return {
        state: done ? "done" : gaveUp ? "failed" : "under_way",
        message: error || state,
        holds: false,
        heldMs: given ? Number(given.write_pause_ms) : undefined,
      };
    },
    async cancel(id) {
      await target.command(["CLUSTER", "MIGRATION", "CANCEL", "ID", id], { signal }).catch(() => undefined);
    },
  };
}

import { parseInfo } from "../../../topology/parse/info.ts";
import { keyCount } from "../../../topology/parse/keyspace.ts";
import type { Copied } from "./copy-keys.ts";
import type { Routes } from "./targets.ts";

const SLOTS = 16_384;

/**
 * Slots that do not hold as many keys as were written, by what their owners say; keys that expire may be gone by now. Asks
 * `CLUSTER COUNTKEYSINSLOT` for each slot.
 */
export async function wrongSlots(routes: Routes, { persistent, all }: Copied, signal: AbortSignal): Promise<number[]> {
  const bySlot = Map.groupBy(Array(SLOTS).keys(), (slot) => routes.ownerOfSlot(slot));
  const wrong: number[] = [];
  for (const [owner, slots] of bySlot) {
    const connection = await routes.connection(owner);
    const counts = await connection.pipeline(
      slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]),
      { signal },
    );
    for (const [index, slot] of slots.entries()) {
      const count = Number(counts[index]);
      if (!(count >= (persistent.get(slot) ?? 0) && count <= (all.get(slot) ?? 0))) wrong.push(slot);
    }
  }
  return wrong;
}

/** Whether a server without Cluster holds as many keys as were written. */
export async function holdsAll(routes: Routes, { persistent, all }: Copied, signal: AbortSignal): Promise<boolean> {
  const [owner = ""] = routes.instances;
  const connection = await routes.connection(owner);
  const held = keyCount(parseInfo(String(await connection.command(["INFO", "keyspace"], { signal }))));
  const sum = (counts: Map<number, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
  return held >= sum(persistent) && held <= sum(all);
}

import { createHash } from "node:crypto";
import type { Deployment } from "../inventory/model.ts";

type Slots = readonly (readonly [number, number])[];

/** Of what makes a deployment this one: its topology, and Sentinel's name or the slots of its shards. */
export function fingerprintOf(
  { kind, masterName }: Pick<Deployment, "kind" | "masterName">,
  shards: readonly Slots[],
): string {
  const slots = [...shards].sort((a, b) => (a[0]?.[0] ?? 0) - (b[0]?.[0] ?? 0));
  return createHash("sha256").update(JSON.stringify({ kind, masterName, slots })).digest("hex");
}

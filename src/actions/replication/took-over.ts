import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";

/**
 * After a crash in a switchover away from the targeted primary: true where another node is the one primary and the old
 * one follows it, false where it is the primary as before and nobody is failing over; undefined in between.
 */
export async function tookOver(context: ActionContext): Promise<boolean | undefined> {
  const old = instanceOf(context).id;
  const { nodes, sentinels } = await context.topology({ fresh: true });
  const primaries = nodes.filter(({ up, role }) => up && role === "primary");
  const [primary] = primaries;
  if (primaries.length !== 1 || !primary) return undefined;
  if (sentinels.some(({ flags }) => flags.includes("failover_in_progress"))) return undefined;
  if (primary.id === old) return sentinels.some(({ up, primary_id }) => up && primary_id !== old) ? undefined : false;
  return nodes.find(({ id }) => id === old)?.role === "replica" ? true : undefined;
}

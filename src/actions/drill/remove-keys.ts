import type { RedisConnection } from "../../connect/types.ts";
import type { ActionContext } from "../contract.ts";

/** Keys that SCAN looks at per call: some milliseconds of the server's time. */
const SCAN_COUNT = "2000";

/** Removes every key that begins so, from each primary. The prefix must hold nothing that a pattern would take for its own. */
export async function removeKeys(prefix: string, context: ActionContext): Promise<number> {
  const topology = await context.topology({ fresh: true });
  const primaries = context.deployment.instances.filter(({ id }) =>
    topology.nodes.some((node) => node.id === id && node.role === "primary"),
  );
  let removed = 0;
  for (const primary of primaries) removed += await removeFrom(await context.redis(primary), prefix, context);
  return removed;
}

async function removeFrom(connection: RedisConnection, prefix: string, context: ActionContext): Promise<number> {
  let removed = 0;
  let cursor = "0";
  do {
    const reply = await connection.command(["SCAN", cursor, "MATCH", `${prefix}*`, "COUNT", SCAN_COUNT], {
      signal: context.signal,
    });
    const [next, keys] = Array.isArray(reply) ? reply : [];
    // One by one: in a cluster keys of one command must share a slot.
    for (const key of Array.isArray(keys) ? keys : []) {
      removed += Number(await connection.command(["UNLINK", String(key)], { signal: context.signal }));
    }
    cursor = String(next ?? "0");
    context.progress(`removing keys from ${connection.instance}`, { done: removed, unit: "keys" });
  } while (cursor !== "0");
  return removed;
}

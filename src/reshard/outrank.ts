import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";

/** Between two looks at whether news of an epoch has come: gossip takes about a second. */
const LOOK_MS = 100;
const PATIENCE_MS = 15_000;

/**
 * Gives who took over from a target an epoch that the one before cannot have. A target gives itself a new one with a slot that
 * it takes, and has it on its disk before anybody hears of it (cluster.c, clusterBeforeSleep). Where it dies in between, its
 * replica is elected with the very same; once it is back both claim the shard, the lower node id wins, and that may be the one that
 * comes back empty. Another primary goes one higher first, for who has the highest that it knows of gets none.
 *
 * Where news of it does not come within a quarter of a minute all is left as it is.
 *
 * @throws {RedishaError} what the servers answered.
 */
export async function outrank(heir: RedisConnection, other: RedisConnection, signal: AbortSignal): Promise<void> {
  const bump = async (node: RedisConnection) => String(await node.command(["CLUSTER", "BUMPEPOCH"], { signal }));
  await bump(other);
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await bump(heir)).startsWith("BUMPED") && performance.now() < deadline) await sleep(LOOK_MS, signal);
}

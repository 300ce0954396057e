import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";

/** Between two looks at whether news of an epoch has come: gossip takes about a second. */
const LOOK_MS = 100;
const PATIENCE_MS = 15_000;

/**
 * Gives who is to take slots a higher epoch than another primary has, and anybody whom they both know of. Needed of who took over from
 * a target, which must have an epoch that the one before cannot have. A target gives itself a new one with a slot that
 * it takes, and has it on its disk before anybody hears of it (cluster.c, clusterBeforeSleep). Where it dies in between, its
 * replica is elected with the very same; once it is back both claim the shard, the lower node id wins, and that may be the one that
 * comes back empty. The other primary goes one higher first, for who has the highest that it knows of gets none.
 *
 * And of who takes slots from one that has just taken some: with a lower epoch it loses them again to a header of that one which is on its
 * way still; with the same one, the lower node id gets a new one (cluster.c, clusterHandleConfigEpochCollision).
 *
 * Where news of it does not come within a quarter of a minute all is left as it is.
 *
 * @throws {RedishaError} what the servers answered.
 */
export async function outrank(heir: RedisConnection, other: RedisConnection, signal: AbortSignal): Promise<void> {
  // BUMPED 7, or STILL 7.
  const bump = async (node: RedisConnection) =>
    Number(String(await node.command(["CLUSTER", "BUMPEPOCH"], { signal })).split(" ")[1]);
  const epochOf = async (node: RedisConnection) =>
    Number(/^cluster_my_epoch:(\d+)/m.exec(String(await node.command(["CLUSTER", "INFO"], { signal })))?.[1]);
  await bump(other);
  const deadline = performance.now() + PATIENCE_MS;
  while ((await bump(heir)) <= (await epochOf(other)) && performance.now() < deadline) await sleep(LOOK_MS, signal);
}

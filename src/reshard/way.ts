import type { RedisConnection } from "../connect/types.ts";

const TRIES = 3;

/** How long the round trips to these take from here, one behind the other, where nothing is in their way: in milliseconds. */
export async function wayMs(nodes: readonly RedisConnection[], signal: AbortSignal): Promise<number> {
  let sum = 0;
  for (const node of nodes) {
    const times: number[] = [];
    while (times.length < TRIES) {
      const sent = performance.now();
      await node.command(["PING"], { signal });
      times.push(performance.now() - sent);
    }
    sum += Math.min(...times);
  }
  return sum;
}

import type { RedisConnection } from "../../connect/types.ts";
import type { ServerFacts } from "../../preflight/facts.ts";

/** Keys per SCAN, and so per round trip: small enough that others hardly wait. */
const STEP = 250;
/** Largest keys that are kept. */
const KEPT = 5;

interface Sample {
  readonly sampled: number;
  readonly largest: NonNullable<ServerFacts["largest"]>;
}

/** Weighs keys as SCAN gives them, up to about `limit`. SCAN goes through the table by hash, so that a part of it is a fair sample. */
export async function sampleKeys(
  redis: RedisConnection,
  limit: number,
  signal: AbortSignal,
): Promise<Sample | undefined> {
  let cursor = "0";
  let sampled = 0;
  let largest: { key: string; bytes: number }[] = [];
  do {
    const reply = await redis.command(["SCAN", cursor, "COUNT", String(STEP)], { signal });
    if (!Array.isArray(reply) || !Array.isArray(reply[1])) return undefined;
    cursor = String(reply[0]);
    const keys = reply[1].map(String);
    const sizes = await redis.pipeline(
      keys.map((key) => ["MEMORY", "USAGE", key]),
      { signal },
    );
    // A key that is gone by now has no size.
    const weighed = keys.flatMap((key, at) =>
      typeof sizes[at] === "number" ? [{ key, bytes: Number(sizes[at]) }] : [],
    );
    sampled += weighed.length;
    largest = [...largest, ...weighed].sort((a, b) => b.bytes - a.bytes).slice(0, KEPT);
  } while (cursor !== "0" && sampled < limit);
  const types = await redis.pipeline(
    largest.map(({ key }) => ["TYPE", key]),
    { signal },
  );
  return { sampled, largest: largest.map((each, at) => ({ ...each, type: String(types[at]) })) };
}

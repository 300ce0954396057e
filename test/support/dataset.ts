import type { Engine } from "./redis.ts";

/** One redis-cli command. */
type Send = (...command: string[]) => Promise<string>;

const LIBRARY = "#!lua name=lib\nredis.register_function('hello', function() return 'world' end)";

/**
 * Puts some of everything into a server: all types in small and large encodings, streams with groups and pending entries,
 * expiry far ahead and in `soonMs`, a function, and a second database where there is more than one.
 */
export async function fillWithEverything(
  send: Send,
  engine: Engine,
  options: { cluster?: boolean; soonMs?: number; tag?: string } = {},
): Promise<void> {
  const { cluster = false, soonMs, tag = "" } = options;
  const key = (name: string) => `${tag}${name}`;
  const many = (count: number, make: (n: number) => string[]) =>
    Array.from({ length: count }, (_, n) => make(n)).flat();
  await send("SET", key("string"), "plain");
  await send("SET", key("number"), "12345678901");
  await send("SETRANGE", key("long"), "20000", "end");
  await send("SETBIT", key("bits"), "4001", "1");
  await send("RPUSH", key("list"), "a", "b", "c");
  await send("RPUSH", key("list:large"), ...many(700, (n) => [`entry ${n} ${"x".repeat(60)}`]));
  await send("SADD", key("set:numbers"), "1", "2", "3");
  await send("SADD", key("set:words"), "one", "two", "three");
  await send("SADD", key("set:large"), ...many(700, (n) => [`member ${n}`]));
  await send("HSET", key("hash"), "f1", "v1", "f2", "v2");
  await send("HSET", key("hash:large"), ...many(700, (n) => [`field ${n}`, `value ${n}`]));
  await send("ZADD", key("zset"), "1", "one", "2.5", "two", "-inf", "least");
  await send("ZADD", key("zset:large"), ...many(700, (n) => [`${n / 7}`, `member ${n}`]));
  await send("GEOADD", key("geo"), "13.361389", "38.115556", "Palermo");
  await send("PFADD", key("hll"), ...many(300, (n) => [`visitor ${n}`]));
  for (let n = 1; n <= 5; n += 1) await send("XADD", key("stream"), `${n}-0`, "n", String(n));
  await send("XGROUP", "CREATE", key("stream"), "group", "0");
  await send("XREADGROUP", "GROUP", "group", "consumer", "COUNT", "3", "STREAMS", key("stream"), ">");
  await send("XACK", key("stream"), "group", "1-0");
  await send("SET", key("expires"), "later", "PX", "86400000");
  if (soonMs !== undefined) await send("SET", key("expires:soon"), "gone", "PX", String(soonMs));
  if (engine !== "redis-6.0" && !cluster) await send("FUNCTION", "LOAD", "REPLACE", LIBRARY);
  if (engine === "redis-8.0" || engine === "valkey-9.1") {
    await send("HSET", key("hash:fields"), "f1", "v1", "f2", "v2");
    await send("HEXPIRE", key("hash:fields"), "86400", "FIELDS", "1", "f1");
  }
  if (!cluster) await send("-n", "3", "SET", key("elsewhere"), "in another database");
}

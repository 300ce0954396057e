import type { RedisConnection, RedisReply } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";

/** CONFIG GET of each name. One command per name: Redis 6 takes a single pattern. Fails with CONFIG_UNKNOWN for a name that the server does not know. */
export async function readDirectives(
  connection: RedisConnection,
  names: readonly string[],
): Promise<Record<string, string>> {
  const replies = await connection.pipeline(names.map((name) => ["CONFIG", "GET", name]));
  const values: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const reply = replies[index];
    if (reply instanceof Error) throw reply;
    const value = valueIn(reply);
    if (value === undefined) throw unknownDirective(connection.instance, name);
    values[name] = value;
  }
  return values;
}

function valueIn(reply: RedisReply | undefined): string | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [, value] = reply;
  return typeof value === "string" ? value : undefined;
}

function unknownDirective(instance: string, name: string): RedishaError {
  return new RedishaError({
    code: "CONFIG_UNKNOWN",
    message: `${instance} does not know the directive ${name}.`,
    host: instance,
    state: "nothing was changed",
    next: [`redis-cli CONFIG GET '*${name.slice(0, 6)}*'`],
  });
}

import type { RedisConnection } from "../connect/types.ts";

/** Takes every mark off these slots. */
export function stable(slots: readonly number[]): string[][] {
  return slots.map((slot) => ["CLUSTER", "SETSLOT", String(slot), "STABLE"]);
}

/** `CLUSTER SETSLOT` for each of them. */
export function setSlots(
  slots: readonly number[],
  state: "IMPORTING" | "MIGRATING" | "NODE",
  nodeId: string,
): string[][] {
  return slots.map((slot) => ["CLUSTER", "SETSLOT", String(slot), state, nodeId]);
}

/** Sends all at once; fails with the first answer that is an error. */
export async function all(
  connection: RedisConnection,
  argvs: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<unknown[]> {
  if (argvs.length === 0) return [];
  const answers = await connection.pipeline(argvs, { signal, bytes: true, timeoutMs: 60_000 });
  const failed = answers.find((answer) => answer instanceof Error);
  if (failed) throw failed;
  return answers;
}

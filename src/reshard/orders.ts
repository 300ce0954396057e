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

/** How long they may take, all together, where nothing else is said. */
const ANSWER_MS = 60_000;

/** Sends all at once; fails with the first answer that is an error. */
export async function all(
  connection: RedisConnection,
  argvs: readonly (readonly string[])[],
  signal: AbortSignal,
  timeoutMs = ANSWER_MS,
): Promise<unknown[]> {
  if (argvs.length === 0) return [];
  const answers = await connection.pipeline(argvs, { signal, bytes: true, timeoutMs });
  const failed = answers.find((answer) => answer instanceof Error);
  if (failed) throw failed;
  return answers;
}

/** Sends so many at a time, so that clients of the server have their turn in between; fails with the first answer that is an error. */
export async function inParts(
  connection: RedisConnection,
  argvs: readonly (readonly string[])[],
  atOnce: number,
  signal: AbortSignal,
): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (let at = 0; at < argvs.length; at += atOnce) {
    answers.push(...(await all(connection, argvs.slice(at, at + atOnce), signal)));
  }
  return answers;
}

/** The keys in an answer to GETKEYSINSLOT. */
export function asKeys(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

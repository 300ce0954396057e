import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { z } from "zod";
import { connectRedisSocket } from "../../src/connect/redis/connect-socket.ts";
import type { BackedUpLab } from "./backed-up-lab.ts";

const servers = z.object({ servers: z.array(z.object({ socket: z.string() })) });

/**
 * Appends to a list and gives the second, read by the server in the same step: what is asked for afterwards may be another.
 * At the turn of a second it writes nothing, for a replica may apply it in the next one.
 */
const APPEND = `
local now = redis.call('TIME')
local micros = tonumber(now[2])
if micros < 50000 or micros > 850000 then return 0 end
redis.call('RPUSH', KEYS[1], now[1])
return tonumber(now[1])`;

/** The list that is written to; of a Cluster, one in each of its three shards. */
const ONE = ["log"];
export const LOGS = ["log:{b}", "log:{c}", "log:{a}"];

/** Writes to lists for so long; gives the second, by the server's clock, in which each entry was written. */
export async function writeForSeconds({ lab }: BackedUpLab, seconds: number, lists = ONE): Promise<number[]> {
  const written: number[] = [];
  let turn = 0;
  for (const end = Date.now() + seconds * 1_000; Date.now() < end; await sleep(100)) {
    const list = lists[turn % lists.length] ?? "";
    turn += 1;
    const second = Number(await lab.cli("r1:6379", "EVAL", APPEND, "1", list));
    if (second > 0) written.push(second);
  }
  return written;
}

/** `2026-11-20T10:15:00Z` */
export function momentOf(second: number): string {
  return new Date(second * 1_000).toISOString().replace(".000Z", "Z");
}

/** Loads that moment into a scratch server: exactly what was written up to it, or a refusal at an edge. Gives whether it was loaded. */
export async function expectMoment(place: BackedUpLab, written: readonly number[], second: number): Promise<boolean> {
  const loaded = await exactMoment(place, written, second);
  if (!loaded) expect(second < (written[0] ?? 0) || second >= (written.at(-1) ?? 0)).toBe(true);
  return loaded;
}

/** The same, wherever the refusal is. */
export async function exactMoment({ run }: BackedUpLab, written: readonly number[], second: number): Promise<boolean> {
  const summary = await run("restore-scratch", { at: momentOf(second) });
  if (summary.status !== "done") {
    expect(summary.error?.code).toBe("PITR_OUTSIDE_WINDOW");
    return false;
  }
  let count = 0;
  for (const { socket } of servers.parse(summary.outputs).servers) {
    const connection = await connectRedisSocket(socket);
    for (const list of [...ONE, ...LOGS]) count += Number(await connection.command(["LLEN", list]));
    await connection.command(["SHUTDOWN", "NOSAVE"]).catch(() => undefined);
    connection.close();
  }
  expect(count).toBe(written.filter((when) => when <= second).length);
  return true;
}

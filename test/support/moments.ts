import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { z } from "zod";
import { connectRedisSocket } from "../../src/connect/redis/connect-socket.ts";
import type { BackedUpLab } from "./backed-up-lab.ts";

const servers = z.object({ servers: z.array(z.object({ socket: z.string() })) });

/** Writes to a list for so long; gives the second, by the server's clock, in which each entry was written. */
export async function writeForSeconds({ lab }: BackedUpLab, seconds: number): Promise<number[]> {
  const written: number[] = [];
  for (const end = Date.now() + seconds * 1_000; Date.now() < end; ) {
    // A write at the turn of a second may belong to either.
    if (Date.now() % 1_000 < 150 || Date.now() % 1_000 > 800) {
      await sleep(20);
      continue;
    }
    await lab.cli("r1:6379", "RPUSH", "log", String(written.length));
    written.push(Number((await lab.cli("r1:6379", "TIME")).split("\n")[0]));
    await sleep(100);
  }
  return written;
}

/** `2026-11-20T10:15:00Z` */
export function momentOf(second: number): string {
  return new Date(second * 1_000).toISOString().replace(".000Z", "Z");
}

/** Loads that moment into a scratch server: exactly what was written up to it, or a refusal at an edge. Gives whether it was loaded. */
export async function expectMoment({ run }: BackedUpLab, written: readonly number[], second: number): Promise<boolean> {
  const summary = await run("restore-scratch", { at: momentOf(second) });
  if (summary.status !== "done") {
    expect(summary.error?.code).toBe("PITR_OUTSIDE_WINDOW");
    expect(second < (written[0] ?? 0) || second >= (written.at(-1) ?? 0)).toBe(true);
    return false;
  }
  const [server] = servers.parse(summary.outputs).servers;
  const connection = await connectRedisSocket(server?.socket ?? "");
  const count = Number(await connection.command(["LLEN", "log"]));
  await connection.command(["SHUTDOWN", "NOSAVE"]).catch(() => undefined);
  connection.close();
  expect(count).toBe(written.filter((when) => when <= second).length);
  return true;
}

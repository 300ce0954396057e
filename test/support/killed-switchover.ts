import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { TestLab } from "./lab.ts";
import { redisha } from "./redisha.ts";
import { goOn, said, signal, startSwitchover } from "./signalled.ts";
import { until } from "./until.ts";
import { lostOf, startWriters, type Writers } from "./writers.ts";

/** A kill -9 of a switchover, and what is done next. */
export interface Kill {
  /** A line of what it tells: so long behind it comes the kill. */
  readonly line: RegExp;
  readonly afterMs: number;
  /** At once; or `wait` until the deployment has got over it alone, and resume then. */
  readonly next: "resume" | "rollback" | "wait";
  readonly flags?: readonly string[];
}

/**
 * Under writers: nothing acknowledged is lost, nothing relaxed is left, and going on ends well. Gives the longest time in
 * which no write was acknowledged, in milliseconds.
 */
export async function gotOver(lab: TestLab, { line, afterMs, next, flags = [] }: Kill): Promise<number> {
  const writers = startWriters(lab, 6);
  await delay(300);
  const child = startSwitchover(lab, ...flags);
  await said(child, line);
  await delay(afterMs);
  const over = child.exitCode === 0;
  await signal(child, "SIGKILL");
  if (next === "wait") await (lab.status.topology === "replication" ? putBack(lab, writers) : recovered(lab, writers));
  if (!over) {
    const { code, stderr } = await goOn(lab, next === "wait" ? "resume" : next);
    // It may have come to its end just before the kill.
    const ended = code === 0 || stderr.includes("RUN_OVER");
    expect({ afterMs, next, ended, stderr: ended ? "" : stderr }).toEqual({ afterMs, next, ended: true, stderr: "" });
  }
  await recovered(lab, writers);
  const { gapMs } = await writers.stop();
  const [first] = serversOf(lab);
  const primary = lab.status.topology === "cluster" ? first?.id : await primaryOf(lab);
  expect({ afterMs, next, lost: await lostOf(lab, primary ?? "", writers) }).toEqual({ afterMs, next, lost: [] });
  for (const { log } of serversOf(lab)) {
    const file = await readFile(join(dirname(log), "redis.conf"), "utf8").catch(() => "");
    expect(file).not.toContain("min-replicas-to-write 1000");
  }
  return gapMs;
}

/** Writes go on, everything is healthy, and the hosts have put back what was relaxed. */
export async function recovered(lab: TestLab, writers: Writers): Promise<void> {
  await putBack(lab, writers);
  await until(async () => (await redisha(["status", "--file", lab.file])).code === 0);
}

/** Without Sentinel nobody has the other replicas follow, but writes go on, and the hosts have put back what was relaxed. */
async function putBack(lab: TestLab, writers: Writers): Promise<void> {
  const since = writers.acked.length;
  await until(async () => writers.acked.length > since + 100);
  // Sentinel disconnects the clients of whom it turns, redis-cli too.
  const ask = (id: string, name: string) => lab.cli(id, "CONFIG", "GET", name).catch(() => "");
  const all = (name: string) => Promise.all(serversOf(lab).map(({ id }) => ask(id, name)));
  await until(async () => (await all("min-replicas-to-write")).every((each) => each.endsWith("\n0")));
  await until(async () => (await all("replica-priority")).every((each) => each.endsWith("\n100")));
}

function serversOf(lab: TestLab) {
  return lab.status.processes.filter(({ service }) => service === "redis");
}

async function primaryOf(lab: TestLab): Promise<string | undefined> {
  const roles = await Promise.all(serversOf(lab).map(async ({ id }) => ({ id, role: await lab.cli(id, "ROLE") })));
  return roles.find(({ role }) => role.startsWith("master"))?.id;
}

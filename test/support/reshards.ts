import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { contentsOf, startLoad } from "./cluster-load.ts";
import { ENGINE_ROOT } from "./engines.ts";
import type { TestLab } from "./lab.ts";
import { login } from "./lab-login.ts";
import { type Ended, redisha } from "./redisha.ts";

/** Starts a reshard, key by key, by the program itself, whose runs are kept with the lab. */
export function startReshard(lab: TestLab, ...flags: string[]): ChildProcess {
  const argv = ["reshard", "-o", "jsonl", "--method", "keys", "--file", lab.file, ...flags];
  return spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
    env: { ...process.env, REDISHA_STATE_DIR: join(lab.root, "state") },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** All that it has told so far, its last lines. */
export function heard(child: ChildProcess): () => string {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text.slice(-2_000);
}

/** Runs it to its end. */
export function reshard(lab: TestLab, ...flags: string[]): Promise<Ended> {
  const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
  return redisha(["reshard", "--json", "--file", lab.file, ...flags], { env });
}

/** A line of progress of a move that has so many slots behind it, or a few more. */
export function moved(slots: number): RegExp {
  const digits = String(slots).length;
  return new RegExp(
    `"op_progress"[^\\n]*"step":"move[^\\n]*"done":([1-9]\\d{${digits},}|[${String(slots)[0]}-9]\\d{${digits - 1}})[,}]`,
  );
}

/** What redis-cli, which knows nothing of redisha, has against the cluster; empty where it is content. */
export async function complaints(lab: TestLab): Promise<string[]> {
  const first = lab.status.processes.find(({ service }) => service === "redis");
  const { user, password } = await login(lab);
  const args = [
    ...["--cluster", "check", `${first?.address}:${first?.port}`],
    ...(lab.status.tls ? ["--tls", "--cacert", join(lab.status.folder, "tls", "ca.crt")] : []),
    ...(user === undefined ? [] : ["--user", user]),
  ];
  const env = password === undefined ? {} : { REDISCLI_AUTH: password };
  const cli = join(ENGINE_ROOT, "redis-7.0", "bin", "redis-cli");
  const { stdout } = await promisify(execFile)(cli, args, { env }).catch((error: { stdout: string }) => error);
  const lines = stdout.split("\n").filter((line) => /ERR|WARNING|Nodes don't agree|open slot/i.test(line));
  return stdout.includes("All 16384 slots covered") ? lines.filter((line) => !/Check for open/.test(line)) : [stdout];
}

/** Slots that an instance owns, by its own words. */
export async function slotsOf(lab: TestLab, id: string): Promise<number> {
  const lines = (await lab.cli(id, "CLUSTER", "NODES")).split("\n");
  const [, , , , , , , , ...ranges] = lines.find((line) => line.includes("myself"))?.split(" ") ?? [];
  const counts = ranges
    .filter((range) => !range.startsWith("["))
    .map((range) => range.split("-").map(Number))
    .map(([from = 0, to = from]) => to - from + 1);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Does something under load: no command fails, no answer is wrong, every key is as it was and in one place only. */
export async function unnoticed(lab: TestLab, work: () => Promise<void>): Promise<void> {
  const before = await contentsOf(lab);
  const load = await startLoad(lab);
  try {
    await expect.poll(() => load.counts.commands, { timeout: 30_000 }).toBeGreaterThan(200);
    await work();
  } finally {
    await load.stop();
  }
  expect(load.wrong).toEqual([]);
  await expectSame(lab, before);
}

/** Every key holds what it held before, and none lies in two places. */
export async function expectSame(lab: TestLab, before: Awaited<ReturnType<typeof contentsOf>>): Promise<void> {
  expect(await differences(lab, before)).toEqual([]);
}

/** Keys that do not hold what they held before, that are new, or that lie in two places: in words. */
export async function differences(lab: TestLab, before: Awaited<ReturnType<typeof contentsOf>>): Promise<string[]> {
  const { digests, doubled } = await contentsOf(lab);
  const other = [...before.digests].filter(([name, digest]) => digests.get(name) !== digest).map(([name]) => name);
  const more = [...digests.keys()].filter((name) => !before.digests.has(name));
  return [
    ...doubled.map((name) => `${name} lies in two places`),
    ...other.map((name) => `${name} is not as it was`),
    ...more.map((name) => `${name} came from nowhere`),
  ];
}

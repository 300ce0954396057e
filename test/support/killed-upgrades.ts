import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { showRun } from "../../src/use-cases/runs.ts";
import type { EngineUnderTest } from "./engines.ts";
import { bringUpLab, type TestLab } from "./lab.ts";
import { bePatient } from "./patience.ts";
import { redisha } from "./redisha.ts";
import { said, signal } from "./signalled.ts";
import { settled, topologyOf } from "./switchovers.ts";
import { until } from "./until.ts";
import { afterUpgrade, startUpgrade, stateOf, upgrade, VERSIONS } from "./upgrades.ts";
import { lostOf, startWriters } from "./writers.ts";

/** An upgrade to be killed. */
export interface Hop {
  readonly topology: "sentinel" | "cluster";
  readonly from: EngineUnderTest;
  readonly to: EngineUnderTest;
}

/** An op of an upgrade: whether all before it can still be taken back, by how it is got over. */
export interface Moment {
  readonly step: string;
  readonly target: string;
  readonly committed: boolean;
}

/** Every op that an upgrade comes to which changes something, as its journal has them. */
export async function momentsOf(hop: Hop): Promise<Moment[]> {
  await using lab = await labOf(hop);
  const { code, stderr } = await upgrade(lab, hop.to);
  if (code !== 0) throw new Error(`the calm upgrade ended with ${code}: ${stderr}`);
  const { lines } = await showRun("last", { ...process.env, ...stateOf(lab) });
  const committed = lines.findIndex(({ kind }) => kind === "point_of_no_return");
  return lines.flatMap((line, at) =>
    line.kind === "intent" && !line.undo ? [{ step: line.step, target: line.target, committed: at > committed }] : [],
  );
}

/**
 * Kills an upgrade under writers at one of its ops, and goes on with it or back. Gives what is not as it should be, a
 * sentence each: nothing acknowledged may be lost, everybody runs what was asked for, nothing that was relaxed stays. Behind
 * the point of no return going back has to be refused first.
 */
export async function killedAt(hop: Hop, { step, target, committed }: Moment, how: "resume" | "rollback") {
  await using lab = await labOf(hop);
  const wrong: string[] = [];
  const writers = startWriters(lab, 6);
  await delay(300);
  const child = startUpgrade(lab, hop.to);
  const escaped = (text: string) => text.replace(/[[\].]/g, "\\$&");
  await said(child, new RegExp(`"op_started"[^\n]*"step":"${escaped(step)}","target":"${escaped(target)}"`));
  await signal(child, "SIGKILL");
  const { run } = (await showRun("last", { ...process.env, ...stateOf(lab) })).record;
  if (committed && (await afterUpgrade(lab, "rollback", run)).code !== 4) wrong.push("going back was not refused");
  const { code, stderr } = await afterUpgrade(lab, how, run);
  if (code !== 0) wrong.push(`${how} ended with ${code}: ${stderr.slice(-1_500)}`);
  const asWanted = VERSIONS[how === "rollback" ? hop.from : hop.to];
  await until(async () => (await redisha(["status", "--file", lab.file])).code === 0).catch(() =>
    wrong.push("it does not become healthy"),
  );
  const primary = hop.topology === "cluster" ? "r1:6379" : await settled(lab).catch(() => "r1:6379");
  await delay(300);
  await writers.stop();
  const lost = await lostOf(lab, primary, writers);
  if (lost.length > 0) wrong.push(`${lost.length} of ${writers.acked.length} acknowledged writes are lost`);
  if (writers.acked.length < 100) wrong.push(`only ${writers.acked.length} writes got through`);
  const { nodes, sentinels } = await topologyOf(lab);
  for (const { id, version } of [...nodes, ...sentinels]) {
    if (version !== asWanted) wrong.push(`${id} runs ${version}, not ${asWanted}`);
  }
  for (const { id, priority, cluster } of nodes) {
    if (cluster?.never_promotes || priority !== 100) wrong.push(`${id} may not be promoted`);
  }
  return wrong.map((what) => `${step}@${target}, ${how}: ${what}`);
}

/** With a name of its own: locks on hosts bear it, and the hosts of every lab are this machine. */
async function labOf({ topology, from }: Hop): Promise<TestLab> {
  const name = `lab-${randomBytes(3).toString("hex")}`;
  const lab = await bringUpLab({ topology, engine: from, downAfterMs: 5_000, name });
  await bePatient(lab.file);
  return lab;
}

import { expect } from "vitest";
import { opsOf, stateOf } from "./killed-nodes.ts";
import type { TestLab } from "./lab.ts";
import { slotsOf } from "./reshards.ts";
import { until } from "./until.ts";

/** Kills a node of a cluster, and waits until all others hold it for dead and serve every slot without it. */
export async function die(lab: TestLab, id: string): Promise<void> {
  const nodeId = await lab.cli(id, "CLUSTER", "MYID");
  await lab.kill(id);
  await until(async () => {
    const others = dataNodes(lab).filter((other) => other !== id);
    const views = await Promise.all(others.map((other) => lab.cli(other, "CLUSTER", "NODES")));
    const lines = views.flatMap((view) => view.split("\n").filter((line) => line.startsWith(nodeId)));
    return lines.every((line) => line.split(" ")[2]?.split(",").includes("fail") && line.split(" ").length === 8);
  });
  await until(async () => (await lab.cli("r1:6379", "CLUSTER", "INFO")).includes("cluster_state:ok"));
}

/** Brings one that died back to where it was, whether it was taken out of the cluster meanwhile or not. */
export async function backAgain(lab: TestLab, id: string, home: readonly string[]): Promise<void> {
  const known = await knownToOthers(lab, id);
  await lab.restart(id);
  if (!known) {
    // What it remembers of the cluster holds for nobody any more, and nobody needs its data.
    await until(() => lab.cli(id, "CLUSTER", "RESET", "HARD").then((answer) => answer === "OK" || emptied(lab, id)));
    await opsOf(lab, ["cluster", "add-node", id, "--replica-of", await heirOf(lab, id, home)]);
  }
  await until(async () => /^slave\n.*\n.*\nconnected/.test(await lab.cli(id, "ROLE")));
  if (ledBy(id, home)) await lab.cli(id, "CLUSTER", "FAILOVER");
  await expect.poll(() => stateOf(lab), { timeout: 60_000 }).toEqual(home);
}

async function emptied(lab: TestLab, id: string): Promise<boolean> {
  await lab.cli(id, "FLUSHALL");
  return false;
}

function dataNodes(lab: TestLab): string[] {
  return lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);
}

async function knownToOthers(lab: TestLab, id: string): Promise<boolean> {
  const own = lab.status.processes.find((each) => each.id === id);
  return (await lab.cli("r1:6379", "CLUSTER", "NODES")).includes(` ${own?.address}:${own?.port}@`);
}

/** Whose replica it was, or who took its place: who has its slots now. */
async function heirOf(lab: TestLab, id: string, home: readonly string[]): Promise<string> {
  const [, leader] = home.flatMap((line) => new RegExp(`^${id} follows ([^,]+),`).exec(line) ?? []);
  if (leader !== undefined) return leader;
  const heirs = home.flatMap((line) => new RegExp(`^(\\S+) follows ${id},`).exec(line)?.[1] ?? []);
  for (const heir of heirs) if ((await slotsOf(lab, heir)) > 0) return heir;
  throw new Error(`nobody took the place of ${id}`);
}

function ledBy(id: string, home: readonly string[]): boolean {
  return home.some((line) => line.startsWith(`${id} owns`));
}

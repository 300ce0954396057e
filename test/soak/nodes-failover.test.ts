import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { contentsOf, fillCluster } from "../support/cluster-load.ts";
import { startCounting } from "../support/counting-writers.ts";
import { opsOf } from "../support/killed-nodes.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { redisha } from "../support/redisha.ts";
import { complaints, differences } from "../support/reshards.ts";
import { goOn, said, signal } from "../support/signalled.ts";
import { until } from "../support/until.ts";

const LAB = { topology: "cluster", ssh: false, spares: 4, downAfterMs: 5_000 } as const;

/** So slow that whatever happens to them happens in the midst of the move. */
const SLOWLY = ["--bandwidth", "60KB"];

describe("a primary that goes in mid-move, while nodes of a cluster come or go", () => {
  it.each(
    [
      ["scale --primaries 5", ""],
      ["scale --primaries 3", "scale --primaries 5"],
      ["remove-node r7:6379 --grace 0s", "scale --primaries 4"],
    ].flatMap(([command = "", first = ""]) =>
      (["is killed", "hands over", "is killed, and then redisha"] as const).flatMap((fault) =>
        (["source", "target"] as const).map((who) => ({ command, first, fault, who })),
      ),
    ),
  )("$command: the $who $fault", async ({ command, first, fault, who }) => {
    await using lab = await bringUpLab(LAB);
    await fillCluster(lab, "redis-7.0", 1_000);
    if (first !== "") await opsOf(lab, ["cluster", ...first.split(" ")]);
    const contents = await contentsOf(lab);
    const counters = Array.from({ length: 2_000 }, (_, index) => `load:${index}`);
    const writers = await startCounting(lab, counters);
    await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
    const child = start(lab, ["cluster", ...command.split(" "), ...SLOWLY]);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await said(child, /"op_started"[^\n]*\.move"/);
    const { source, target } = await onTheWay(lab);
    const hit = who === "source" ? source : target;
    const heir = await replicaOf(lab, hit);
    if (fault === "hands over") await lab.cli(heir, "CLUSTER", "FAILOVER");
    else await lab.kill(hit);
    if (fault.endsWith("redisha")) {
      await until(async () => (await lab.cli(heir, "ROLE")).startsWith("master"));
      await Promise.race([ended, onTheWay(lab, who === "source" ? { source: heir } : { target: heir })]);
      await signal(child, "SIGKILL");
    }
    const story = [`${source} to ${target}`, `ended with ${await ended}`];
    const restart = fault === "hands over" ? async () => undefined : () => lab.restart(hit);
    if (fault.endsWith("redisha")) {
      const { code, stderr } = await redisha(["cluster", "fix", "--yes", "--file", lab.file], { env: runsOf(lab) });
      story.push(`fix: ${code}${code === 0 ? "" : stderr.slice(-1_500)}`);
      expect(story.at(-1)).toBe("fix: 0");
      await restart();
    } else {
      let code = await ended;
      // Who is to be taken out must be there to be reset: it is asked for, and then gone on.
      for (let tries = 0; code !== 0 && tries < 2; tries += 1) {
        if (tries === 1) await restart();
        const { stderr, ...after } = await goOn(lab, "resume");
        code = after.code;
        story.push(`resume: ${code}${code === 0 ? "" : stderr.slice(-1_500)}`);
      }
      expect({ code, story }).toEqual({ code: 0, story });
      if (story.length < 4) await restart();
    }
    await expect.poll(() => complaints(lab), { timeout: 60_000, interval: 500 }).toEqual([]);
    const { wrong, neverCopied } = await writers.stop();
    const { acknowledged } = writers.counts;
    process.stderr.write(`${JSON.stringify({ command, who, fault, story, acknowledged, wrong, neverCopied })}\n`);
    expect(wrong).toEqual([]);
    expect(await differences(lab, contents)).toEqual([]);
  });
});

function start(lab: TestLab, argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [packagePath("bin", "run.js"), ...argv, "--yes", "-o", "jsonl", "--file", lab.file], {
    env: { ...process.env, ...runsOf(lab) },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function runsOf({ root }: TestLab): { REDISHA_STATE_DIR: string } {
  return { REDISHA_STATE_DIR: join(root, "state") };
}

interface Line {
  readonly of: string;
  readonly own: readonly string[];
  readonly names: ReadonlyMap<string, string>;
}

async function linesOf(lab: TestLab): Promise<Line[]> {
  const nodes = lab.status.processes.filter(({ service }) => service === "redis");
  const views = await Promise.all(
    nodes.map(async ({ id }) => ({ id, text: await lab.cli(id, "CLUSTER", "NODES").catch(() => "") })),
  );
  const names = new Map(
    views.flatMap(({ id, text }) => {
      const own = text
        .split("\n")
        .find((line) => line.includes("myself"))
        ?.split(" ")[0];
      return own === undefined ? [] : [[own, id] as const];
    }),
  );
  return views.map(({ id, text }) => ({
    of: id,
    own:
      text
        .split("\n")
        .find((line) => line.includes("myself"))
        ?.split(" ") ?? [],
    names,
  }));
}

/** Two primaries with a slot between them that is on its way; waited for, until there are such two. */
async function onTheWay(lab: TestLab, wanted: { source?: string; target?: string } = {}) {
  for (;;) {
    for (const { of: source, own, names } of await linesOf(lab)) {
      const to = own.flatMap((word) => /^\[\d+->-([0-9a-f]+)\]$/.exec(word)?.[1] ?? [])[0];
      const target = names.get(to ?? "");
      if (target !== undefined && source === (wanted.source ?? source) && target === (wanted.target ?? target))
        return { source, target };
    }
    await delay(20);
  }
}

async function replicaOf(lab: TestLab, primary: string): Promise<string> {
  const lines = await linesOf(lab);
  const replica = lines.find(({ own, names }) => names.get(own[3] ?? "") === primary);
  if (!replica) throw new Error(`${primary} has no replica`);
  return replica.of;
}

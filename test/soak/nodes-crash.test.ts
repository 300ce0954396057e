import { describe, expect, it } from "vitest";
import { contentsOf, fillCluster } from "../support/cluster-load.ts";
import { backAgain, die } from "../support/dead-nodes.ts";
import { killed, type NodeOp, opsOf, stateOf, type Wanted } from "../support/killed-nodes.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { goOn } from "../support/signalled.ts";
import { soakPart } from "../support/soak-part.ts";

const PATIENT = { topology: "cluster", ssh: false, auth: "acl", spares: 4, downAfterMs: 5_000 } as const;

/** Parts of how long an op takes, at which it is killed; more of them where slots move, unless fewer are asked for. */
const PARTS = [0, 0.5];
const PARTS_OF_MOVES = (process.env.REDISHA_SOAK_MOMENTS ?? "0 0.2 0.4 0.6 0.8 0.95").split(" ").map(Number);

const WAYS = ["resume", "rollback"] as const;

const LIBRARY = "#!lua name=lib\nredis.register_function('seven', function() return 7 end)";

describe("a kill at every step, under load", () => {
  it.each([
    ["add-node of a replica", "add-node r7:6379 --replica-of r1:6379", ""],
    ["add-node of a primary", "add-node r7:6379 --primary --slots 2000", ""],
    ["remove-node of a replica", "remove-node r4:6379 --bare", ""],
    ["remove-node of a primary", "remove-node r7:6379 --grace 0s", "scale --primaries 4"],
    ["replace-node of a replica", "replace-node r4:6379 r7:6379", ""],
    ["replace-node of a primary", "replace-node r2:6379 r7:6379 --grace 0s", ""],
    ["scale from 3 to 5", "scale --primaries 5", ""],
    ["scale from 5 to 3", "scale --primaries 3", "scale --primaries 5"],
  ])("of %s is gone on with, and taken back", async (_name, command, first) => {
    const argv = ["cluster", ...command.split(" ")];
    const labs = new Labs(first === "" ? [] : ["cluster", ...first.split(" ")]);
    try {
      const lab = await labs.lab();
      const contents = await contentsOf(lab);
      const start = await settled(lab);
      const ops = await opsOf(lab, argv);
      const end = await settled(lab);
      await expectDone(lab);
      await expect.poll(() => stateOf(lab), { timeout: 60_000 }).toEqual(start);
      await sweep(argv, ops, { labs, start: { state: start, contents }, end: { state: end, contents } });
    } finally {
      await labs.down();
    }
  });
});

describe("a kill at every step of remove-node of a node that is dead, under load", () => {
  it.each([
    ["a replica", "r5:6379"],
    ["a primary, whose replica took over", "r2:6379"],
  ])("%s, is gone on with", async (_who, id) => {
    const argv = ["cluster", "remove-node", id, "--bare"];
    await using lab = await labOf([]);
    const contents = await contentsOf(lab);
    const home = await settled(lab);
    await die(lab, id);
    const start = { state: await settled(lab), contents };
    const ops = await opsOf(lab, argv);
    const end = { state: await settled(lab), contents };
    let kills = 0;
    for (const { changes, ...moment } of momentsOf(ops)) {
      // What all have forgotten stays forgotten: the only way is on.
      for (const how of changes ? WAYS.slice(0, 1) : WAYS) {
        await backAgain(lab, id, home);
        await die(lab, id);
        await expect.poll(() => stateOf(lab), { timeout: 60_000 }).toEqual(start.state);
        const forgotten =
          how === "resume" || ops.findIndex((op) => op.changes) < ops.findIndex((op) => op.step === moment.step);
        const outcome = await killed(lab, argv, moment, how, forgotten ? end : start);
        if (outcome.killed) kills += 1;
        process.stderr.write(`${JSON.stringify({ dead: id, ...moment, how, kills, ...outcome })}\n`);
        expect({ ...moment, how, wrong: outcome.wrong }).toEqual({ ...moment, how, wrong: [] });
      }
    }
    expect(kills).toBeGreaterThan(0);
  });
});

interface Stage {
  readonly labs: Labs;
  readonly start: Wanted;
  readonly end: Wanted;
}

/**
 * Kills it at each of its moments, twice: it is gone on with and then taken back whole, and it is taken back at once. Steps
 * that only read are killed once, the one and the other way in turns.
 */
async function sweep(argv: readonly string[], ops: readonly NodeOp[], { labs, start, end }: Stage): Promise<void> {
  const { index, of } = soakPart();
  const moments = momentsOf(ops).filter((_, at) => at % of === index);
  const wrong: string[] = [];
  let kills = 0;
  let commands = 0;
  for (const [turn, { changes, ...moment }] of moments.entries()) {
    for (const how of changes ? WAYS : WAYS.slice(turn % 2).slice(0, 1)) {
      const lab = await labs.lab();
      const outcome = await killed(lab, argv, moment, how, how === "resume" ? end : start);
      const found = outcome.wrong.map(
        (what) => `${moment.step}@${moment.target}, ${moment.afterMs} ms, ${how}: ${what}`,
      );
      if (outcome.killed) kills += 1;
      commands += outcome.commands;
      process.stderr.write(`${JSON.stringify({ command: argv[1], ...moment, how, kills, commands, found })}\n`);
      wrong.push(...found);
      if (found.length === 0 && how === "resume") await expectDone(lab);
      if (found.length > 0) await labs.down();
    }
  }
  expect(wrong).toEqual([]);
  expect(kills).toBeGreaterThan(0);
}

/** The first op of every step, and moments within those that change something. */
function momentsOf(ops: readonly NodeOp[]) {
  const first = ops.filter(({ step }, at) => ops.findIndex((op) => op.step === step) === at);
  return first.flatMap(({ step, target, durationMs, changes }) => {
    const parts = !changes ? [0] : step.endsWith("move") ? PARTS_OF_MOVES : PARTS;
    return parts.map((part) => ({ step, target, changes, afterMs: Math.round(part * durationMs) }));
  });
}

/** A lab that is used until something is wrong with it. */
class Labs {
  readonly #first: readonly string[];
  #lab: TestLab | undefined;

  constructor(first: readonly string[]) {
    this.#first = first;
  }

  async lab(): Promise<TestLab> {
    if (this.#lab) return this.#lab;
    this.#lab = await labOf(this.#first);
    return this.#lab;
  }

  async down(): Promise<void> {
    await this.#lab?.down();
    this.#lab = undefined;
  }
}

/** A lab with something of everything in it, behind a command that brings it to where the kills are to begin. */
async function labOf(first: readonly string[]): Promise<TestLab> {
  const lab = await bringUpLab(PATIENT);
  await fillCluster(lab, "redis-7.0", 1_000);
  await lab.cli("r1:6379", "FUNCTION", "LOAD", LIBRARY);
  if (first.length > 0) await opsOf(lab, first);
  return lab;
}

async function expectDone(lab: TestLab): Promise<void> {
  const { code, stderr } = await goOn(lab, "rollback");
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}

/** What it is like when two looks at it agree. */
async function settled(lab: TestLab): Promise<readonly string[]> {
  let last: readonly string[] = [];
  await expect
    .poll(
      async () => {
        const now = await stateOf(lab);
        const same = JSON.stringify(now) === JSON.stringify(last);
        last = now;
        return same;
      },
      { timeout: 60_000 },
    )
    .toBe(true);
  return last;
}

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { killedAt } from "./killed-at.ts";
import type { TestLab } from "./lab.ts";
import { type Ended, redisha } from "./redisha.ts";
import { connect, giveNewPasswords, startLoad } from "./rotations.ts";
import { settled } from "./switchovers.ts";

const CHANGES = ["accept", "accept_sentinels", "replicas", "sentinels", "refuse", "refuse_sentinels"] as const;

const ROTATE = ["rotate", "--now", "--watch", "1s", "--yes", "-o", "jsonl"];

/** When a rotation is killed, and how it comes to its end. */
export interface RotationKill {
  readonly step: (typeof CHANGES)[number];
  readonly type: "op_started" | "op_finished";
  readonly verb: "resume" | "rollback";
}

/** Every step that changes something, killed before and behind an op, gone on with and taken back. */
export const ROTATION_KILLS: readonly RotationKill[] = CHANGES.flatMap((step) =>
  (["op_started", "op_finished"] as const).flatMap((type) =>
    (["resume", "rollback"] as const).map((verb) => ({ step, type, verb })),
  ),
);

/**
 * Gives new passwords, kills the rotation to them on its second target there, and has it come to its end. Nobody is locked out meanwhile, and no
 * command fails: not of clients that stay connected, nor of those that log in anew all the time.
 */
export async function expectNobodyLockedOut(lab: TestLab, { step, type, verb }: RotationKill): Promise<void> {
  const passwords = await giveNewPasswords(lab);
  const [keeps, goes] = verb === "resume" ? [passwords.new, passwords.old] : [passwords.old, passwords.new];
  const meanwhile = startLoad(lab, passwords.old, passwords.new);
  await killedAt([...ROTATE, "--file", lab.file], { step, type, nth: 2 }, environment(lab));
  const stood = await Promise.all([letsIn(lab, passwords.old), letsIn(lab, passwords.new)]);
  expect(stood[0]?.every((old, at) => old || stood[1]?.[at])).toBe(true);
  const { code, stderr } = await goOn(lab, verb);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  await meanwhile.stop();
  expect(meanwhile.failed).toEqual([]);
  expect(meanwhile.done()).toBeGreaterThan(0);
  expect([...new Set(await letsIn(lab, keeps))]).toEqual([true]);
  expect([...new Set(await letsIn(lab, goes))]).toEqual([false]);
  if (verb === "rollback") await giveBack(lab);
  await settled(lab);
  const load = startLoad(lab, keeps);
  await load.stop();
  expect(load.failed).toEqual([]);
}

function environment(lab: TestLab): { REDISHA_STATE_DIR: string } {
  return { REDISHA_STATE_DIR: join(lab.root, "state") };
}

function goOn(lab: TestLab, verb: "resume" | "rollback"): Promise<Ended> {
  return redisha(["runs", verb, "last", "--yes", "--file", lab.file], { env: environment(lab) });
}

async function letsIn(lab: TestLab, password: string): Promise<boolean[]> {
  const nodes = lab.status.processes.filter(({ service }) => service === "redis" || service === "sentinel");
  return Promise.all(
    nodes.map(async ({ address, port }) => {
      try {
        const client = await connect(lab, address, port, password);
        const pong = await client.ping();
        client.disconnect();
        return pong === "PONG";
      } catch {
        return false;
      }
    }),
  );
}

/** What servers have again is what the lab's files give. */
async function giveBack(lab: TestLab): Promise<void> {
  for (const role of ["operator", "replication", "sentinel"]) {
    const file = join(lab.status.folder, "secrets", role);
    await copyFile(`${file}.old`, `${file}.password`);
  }
}

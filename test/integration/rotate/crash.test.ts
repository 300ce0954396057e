import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { connect, giveNewPasswords, startLoad } from "../../support/rotations.ts";
import { settled } from "../../support/switchovers.ts";

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ topology: "sentinel", auth: "acl", downAfterMs: 5_000 });
});
afterAll(() => lab.down());

const CHANGES = ["accept", "accept_sentinels", "replicas", "sentinels", "refuse", "refuse_sentinels"];

function environment(): { REDISHA_STATE_DIR: string } {
  return { REDISHA_STATE_DIR: join(lab.root, "state") };
}

/** Ends the program by kill -9 as soon as it says that it begins, or has done, this step on its second target. */
async function killedAt(step: string, type: "op_started" | "op_finished"): Promise<void> {
  const argv = ["rotate", "--now", "--watch", "1s", "--yes", "-o", "jsonl", "--file", lab.file];
  const child = spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
    env: { ...process.env, ...environment() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n")) {
      if (line.includes(`"type":"${type}"`) && line.includes(`"step":"${step}"`)) seen += 1;
    }
    if (seen >= 2) child.kill("SIGKILL");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, "close");
  if (child.signalCode !== "SIGKILL") throw new Error(`ended with ${child.exitCode} before ${step}: ${said}`);
}

function goOn(verb: "resume" | "rollback"): Promise<Ended> {
  return redisha(["runs", verb, "last", "--yes", "--file", lab.file], { env: environment() });
}

async function letsIn(password: string): Promise<boolean[]> {
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

describe("a rotation that is killed", () => {
  const moments = CHANGES.flatMap((step) => [
    { step, type: "op_started" as const, verb: "resume" as const },
    { step, type: "op_finished" as const, verb: "resume" as const },
    { step, type: "op_started" as const, verb: "rollback" as const },
    { step, type: "op_finished" as const, verb: "rollback" as const },
  ]);

  it.each(moments)(
    "locks nobody out at $type of $step, and comes to its end by $verb",
    async ({ step, type, verb }) => {
      const passwords = await giveNewPasswords(lab);
      const [keeps, goes] = verb === "resume" ? [passwords.new, passwords.old] : [passwords.old, passwords.new];
      await killedAt(step, type);
      const stood = await Promise.all([letsIn(passwords.old), letsIn(passwords.new)]);
      expect(stood[0]?.every((old, at) => old || stood[1]?.[at])).toBe(true);
      const { code, stderr } = await goOn(verb);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect([...new Set(await letsIn(keeps))]).toEqual([true]);
      expect([...new Set(await letsIn(goes))]).toEqual([false]);
      if (verb === "rollback") await giveBack();
      await settled(lab);
      const load = startLoad(lab, keeps);
      await load.stop();
      expect(load.failed).toEqual([]);
    },
    120_000,
  );
});

/** What servers have again is what the lab's files give. */
async function giveBack(): Promise<void> {
  for (const role of ["operator", "replication", "sentinel"]) {
    const file = join(lab.status.folder, "secrets", role);
    await copyFile(`${file}.old`, `${file}.password`);
  }
}

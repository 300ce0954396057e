import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/redis.ts";
import { redisha } from "../../support/redisha.ts";
import { runbookText } from "../../support/runs.ts";

let lab: TestLab;
let place: string;

beforeAll(async () => {
  lab = await bringUpLab({ topology: "sentinel" });
  place = await mkdtemp(join(tmpdir(), "redisha-guarantees-"));
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true });
});

/** A laptop of its own: a state directory that no other run sees. */
const laptop = (name: string) => ({ REDISHA_STATE_DIR: join(place, name), REDISHA_FILE: lab.file });

async function runbook(name: string, body: string): Promise<string> {
  const path = join(place, `${name}.yaml`);
  await writeFile(path, runbookText(body));
  return path;
}

const WAITS = `
concurrency: { lock: cluster, lease: 10s }
steps:
  - { id: first, action: redis.command, targets: { role: primary }, with: { command: [SET, who, "\${{ run.id }}"] }, undo: none }
  - { id: wait, action: wait_for, with: { interval: 200ms }, until: "run.id == 'never'", timeout: 40s, on_failure: continue }
  - { id: second, action: redis.command, targets: { role: primary }, with: { command: [SET, second, "\${{ run.id }}"] }, undo: none }
`;

/** The program as a child of its own, so that it can be stopped and continued. */
function start(argv: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], { env: { ...process.env, ...env } });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, said: () => said };
}

describe("two laptops at one deployment", () => {
  it("let only one run act: the second ends with 5 and names the first", async () => {
    const path = await runbook("waits", WAITS);
    const first = start(["run", path], laptop("one"));
    try {
      await until(
        "the first run to have written",
        async () => (await lab.cli("r1:6379", "EXISTS", "who")).trim() === "1",
      );
      const [id] = (await readdir(join(place, "one", "runs"))).map((name) => name.replace(".jsonl", ""));
      const second = await redisha(["run", path], { env: laptop("two") });
      expect(second.code).toBe(5);
      expect(second.stderr).toContain("LOCK_HELD");
      expect(second.stderr).toContain(id);
      expect(await readdir(join(place, "two", "runs")).catch(() => [])).toEqual([]);
    } finally {
      first.child.kill("SIGKILL");
      await first.ended;
    }
  });

  it("keep a run that slept beyond its lease, and was taken over, from changing anything when it wakes", async () => {
    await lab.cli("r1:6379", "DEL", "who", "second");
    const path = await runbook(
      "sleeps",
      WAITS.replace("timeout: 40s", "timeout: 14s").replace("lease: 10s", "lease: 10s, on_conflict: wait"),
    );
    const sleeper = start(["run", path], laptop("three"));
    try {
      await until(
        "the sleeper to have written",
        async () => (await lab.cli("r1:6379", "EXISTS", "who")).trim() === "1",
      );
      sleeper.child.kill("SIGSTOP");
      const quick = await runbook(
        "quick",
        `
concurrency: { lock: cluster, on_conflict: wait, lease: 10s }
steps:
  - { id: take, action: redis.command, targets: { role: primary }, with: { command: [SET, taken, over] }, undo: none }
  - { id: hold, action: wait_for, with: { interval: 200ms }, until: "run.id == 'never'", timeout: 8s, on_failure: continue }
`,
      );
      const taker = start(["run", quick], laptop("four"));
      await until(
        "the lock to be taken over",
        async () => (await lab.cli("r1:6379", "EXISTS", "taken")).trim() === "1",
      );
      sleeper.child.kill("SIGCONT");
      expect(await sleeper.ended).toBe(7);
      expect(sleeper.said()).toContain("LOCK_LOST");
      expect((await lab.cli("r1:6379", "EXISTS", "second")).trim()).toBe("0");
      await taker.ended;
    } finally {
      sleeper.child.kill("SIGKILL");
    }
  });
});

describe.skipIf(process.getuid?.() !== 0)("a disk that is full", () => {
  it("stops the run before the op whose intent cannot be written", async () => {
    const disk = join(place, "small");
    await mkdir(disk);
    await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
    try {
      const pushes = Array.from(
        { length: 60 },
        (_, n) =>
          `  - { id: push_${n}, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, "${"x".repeat(900)}"] }, undo: none }`,
      );
      const path = await runbook("fills", `concurrency: { lock: none }\nsteps:\n${pushes.join("\n")}\n`);
      const { code, stderr } = await redisha(["run", path], {
        env: { REDISHA_STATE_DIR: disk, REDISHA_FILE: lab.file },
      });
      expect(code).toBe(1);
      expect(stderr).toContain("JOURNAL_UNWRITABLE");
      const [name = ""] = await readdir(join(disk, "runs"));
      const intents = (await readFile(join(disk, "runs", name), "utf8"))
        .split("\n")
        .filter((line) => line.endsWith("}") && line.includes(`"intent"`));
      expect(Number(await lab.cli("r1:6379", "LLEN", "log"))).toBe(intents.length);
      expect(intents.length).toBeGreaterThan(5);
      expect(intents.length).toBeLessThan(60);
    } finally {
      await promisify(execFile)("umount", [disk]);
    }
  });
});

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { labDown } from "../../src/lab/down.ts";
import { processesNaming } from "../support/processes.ts";
import { until } from "../support/until.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "redisha-test-lab-cli-"));
});
afterEach(async () => {
  await labDown({ root, all: true });
  await rm(root, { recursive: true, force: true });
});

const small = ["--topology", "replication", "--replicas", "1", "--engine", "redis-7.0"];

describe("redisha lab, as it is typed", () => {
  test("up says what to type next, and each answer is as its schema says", async () => {
    const up = await redisha("up", ...small, "--json");
    expect(await resultOf(up, "up")).toMatchObject({ name: "lab", reused: false });
    const ps = await redisha("ps", "--json");
    expect(await resultOf(ps, "ps")).toMatchObject({ labs: [{ name: "lab" }] });
    const kill = await redisha("kill", "r1:6379", "r2", "--json");
    expect(await resultOf(kill, "kill")).toMatchObject({ processes: [{ id: "r1:6379" }, {}, {}] });
    const restart = await redisha("restart", "r1", "r2", "--json");
    expect(await resultOf(restart, "restart")).toMatchObject({ processes: [{}, { was_running: false }, {}, {}] });
    const again = await redisha("up", ...small, "--reuse");
    expect(again.stdout).toContain("redisha lab down --name lab");
    const down = await redisha("down", "--json");
    expect(await resultOf(down, "down")).toMatchObject({ labs: [{ name: "lab", processes_ended: 4 }] });
  });

  test.each([
    [["up", ...small, "--config", "maxmemory"], 2, "LAB_CONFIG_INVALID"],
    [["up", ...small, "--config", "port=1234"], 2, "LAB_CONFIG_INVALID"],
    [["up", ...small, "--down-after", "5"], 2, "LAB_CONFIG_INVALID"],
    [["up", "--engine", "redis-7"], 2, "ENGINE_UNKNOWN"],
    [["up", "--engine-dir", "/nowhere"], 2, "ENGINE_NOT_FOUND"],
    [["up", "--name", "../lab"], 2, "LAB_NAME_INVALID"],
    [["up", "--acl", "--password"], 2, "USAGE"],
    [["kill", "r1"], 2, "LAB_NOT_FOUND"],
    [["kill", "r1", "--signal", "SIGFOO"], 2, "USAGE"],
  ])("%j ends with status %i and %s", async (words, status, code) => {
    const answer = await redisha(...words);
    expect(answer).toMatchObject({ status, stdout: "" });
    expect(answer.stderr).toContain(`Error ${code}`);
  });

  test("a server that does not start is told with its own words, and what became of the rest", async () => {
    const { status, stderr } = await redisha("up", ...small, "--config", "foo=bar");
    expect(status).toBe(1);
    expect(stderr).toMatch(/Error LAB_PROCESS_DIED r1:6379: .*\n[\s\S]*State: what had been made was removed again\n$/);
    expect(await readdir(root)).toEqual([]);
  });

  test("a place that cannot be written is no bug, and the folder to look at exists", async () => {
    const file = join(root, "file");
    await writeFile(file, "");
    const { status, stderr } = await run(["up", ...small, "--dir", join(file, "labs")]);
    expect(status).toBe(1);
    expect(stderr).toContain("Error LAB_UNWRITABLE");
    expect(stderr).toContain("not a directory");
    expect(stderr).toContain("State: nothing was touched\n");
    expect(stderr).toContain(`Next: ls -ld ${file}\n`);
    await rm(file);
  });

  test("help of the lab commands shows no flag that means nothing to them", async () => {
    for (const command of ["up", "down", "kill", "ps", "restart"]) {
      const { stdout } = await redisha(command, "--help");
      expect(stdout).toContain("--json");
      expect(stdout).not.toMatch(/--deployment=|--file=/);
    }
  });

  test.each([
    ["SIGINT", 130],
    ["SIGHUP", 143],
    ["SIGTERM", 143],
  ] as const)("%s during up ends with status %i, and what had been started is taken down", async (signal, status) => {
    const up = spawn(process.execPath, [
      packagePath("bin/dev.js"),
      "lab",
      "up",
      "--dir",
      root,
      "--engine",
      "redis-6.0",
    ]);
    await until(async () => processesNaming(root).some((command) => command.includes("[sentinel]")));
    up.kill(signal);
    expect(await once(up, "exit")).toEqual([status, null]);
    expect(processesNaming(root)).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });
});

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function redisha(...words: string[]): Promise<Answer> {
  return run([...words, "--dir", root]);
}

function run(words: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const args = ["--no-warnings", packagePath("bin/dev.js"), "lab", ...words];
    const child = execFile(process.execPath, args, (_, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

async function resultOf(answer: Answer, verb: string): Promise<unknown> {
  expect(answer).toMatchObject({ status: 0 });
  const schema: unknown = JSON.parse(await readFile(packagePath(`schemas/lab-${verb}.schema.json`), "utf8"));
  const { result } = JSON.parse(answer.stdout);
  const ajv = new Ajv({ strict: false });
  expect(ajv.validate(schema as object, result) ? [] : ajv.errors).toEqual([]);
  return result;
}

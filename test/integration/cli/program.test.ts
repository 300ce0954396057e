import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { envelopeSchema } from "../../../src/cli/envelope.ts";
import { oldNode } from "../../support/old-node.ts";
import { inShell, onTerminal, redisha } from "../../support/redisha.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-test-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the program", () => {
  it("tells its version, and help for everything, on stdout with exit 0", async () => {
    const version = await redisha(["--version"]);
    expect(version).toMatchObject({ code: 0, stderr: "" });
    expect(version.stdout).toMatch(/^redisha\/\d+\.\d+\.\d+ \S+ node-v\d+/);
    for (const argv of [
      [],
      ["--help"],
      ["help"],
      ["help", "status"],
      ["status", "--help"],
      ["runbook"],
      ["help", "exit-codes"],
    ]) {
      const help = await redisha(argv);
      expect({ argv, code: help.code, stderr: help.stderr }).toEqual({ argv, code: 0, stderr: "" });
      expect(help.stdout.length).toBeGreaterThan(200);
    }
  });

  it("puts examples first and exit codes last in the help of a command", async () => {
    const { stdout } = await redisha(["status", "--help"]);
    const order = ["EXAMPLES", "USAGE", "FLAGS", "EXIT CODES", "ENVIRONMENT VARIABLES"].map((part) =>
      stdout.indexOf(`${part}\n`),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
  });

  it.each([
    [["statsu"], "USAGE_UNKNOWN_COMMAND", "did you mean: redisha status"],
    [["runbook", "lst"], "USAGE_UNKNOWN_COMMAND", "did you mean: redisha runbook list"],
    [["help", "statsu"], "USAGE_UNKNOWN_COMMAND", "did you mean: redisha status"],
    [["status", "--wacth"], "USAGE_UNKNOWN_FLAG", "did you mean: --watch"],
    [["status", "-o", "xml"], "USAGE", "redisha status --help"],
    [["status", "--interval", "5"], "USAGE", "write it with its unit"],
    [["run"], "USAGE", "redisha run --help"],
    [["status", "--file", "/nowhere/redisha.yaml"], "INVENTORY_NOT_FOUND", "ls -l"],
  ])("refuses %j with exit 2, in text and as JSON", async (argv, code, next) => {
    const text = await redisha(argv);
    expect(text).toMatchObject({ code: 2, stdout: "" });
    expect(text.stderr).toContain(`Error ${code}`);
    expect(text.stderr).toContain(next);
    const json = await redisha([...argv, "--json"]);
    expect(json).toMatchObject({ code: 2, stderr: "" });
    const envelope = envelopeSchema.parse(JSON.parse(json.stdout));
    expect(envelope).toMatchObject({ ok: false, exit: 2, error: { code } });
    // oclif's own JSON errors carry its whole configuration.
    if (!argv.includes("--file")) expect(json.stdout).not.toContain(homedir());
    expect(json.stdout.length).toBeLessThan(2_000);
  });

  it.each([
    [["--file", "X", "status", "--json"], "redisha status --json --file X"],
    [["-q", "--deployment=shop", "runbook", "list"], "redisha runbook list -q --deployment=shop"],
    [["--password=hunter2-secret", "status"], "redisha status …"],
  ])("says the right order of %j, without repeating what it does not know", async (argv, next) => {
    const { code, stdout, stderr } = await redisha(argv);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(next);
    expect(stdout + stderr).not.toContain("hunter2");
  });

  it("prints help as one JSON document, where that is asked for", async () => {
    const codes = await redisha(["help", "exit-codes", "--json"]);
    expect(envelopeSchema.parse(JSON.parse(codes.stdout))).toMatchObject({ ok: true, command: "help" });
    const { exit_codes } = JSON.parse(codes.stdout).result;
    expect(exit_codes).toContainEqual({ code: 143, meaning: "terminated (SIGTERM, SIGHUP)" });
    const status = await redisha(["help", "status", "--json"]);
    expect(JSON.parse(status.stdout).result.text).toMatch(/^Say what state/);
  });

  it("refuses what is no file in words, and never waits for a pipe", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const [path, why] of [
      [pipe, "it is a pipe"],
      [folder, "it is a folder"],
    ] as const) {
      const { code, stdout } = await redisha(["status", "--json", "--file", path]);
      expect(code).toBe(2);
      const { error } = JSON.parse(stdout);
      expect(error).toMatchObject({ code: "INVENTORY_NOT_READABLE", message: expect.stringContaining(why) });
      const shown = await redisha(["runbook", "show", `${path}/`.replace("pipe/", "pipe"), "--json"]);
      expect(JSON.parse(shown.stdout).error).toMatchObject({ code: "RUNBOOK_NOT_READABLE" });
    }
  });

  it("never repeats what was given to a flag that is not there", async () => {
    const { stdout, stderr } = await redisha(["status", "--password=hunter2-secret"]);
    expect(stdout + stderr).not.toContain("hunter2");
  });

  it("ends quietly when its reader goes away", async () => {
    const { code, stdout, stderr } = await inShell("set -o pipefail; redisha help environment | head -1");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });

  it("shows every mistake of a file at once, each with its place, and keeps values of secrets to itself", async () => {
    const file = join(folder, "redisha.yaml");
    await writeFile(
      file,
      "version: 1\ndeployments:\n  shop:\n    topolgy: sentinel\n    hosts: { r1: { address: 10.0.0.1 } }\n    redis: { on: [r1, r9] }\n    auth:\n      operator: { username: a, password: hunter2-secret }\n",
    );
    const { code, stdout, stderr } = await redisha(["status", "--file", file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.match(new RegExp(`${file}:\\d+:\\d+ `, "g"))?.length).toBeGreaterThan(1);
    expect(stderr).toMatch(/4 \| {5}topolgy: sentinel\n.*\^/);
    expect(stderr).not.toContain("hunter2");
  });

  it("prints colour on a terminal, and none with NO_COLOR, --no-color or TERM=dumb", async () => {
    const control = "\u001b[";
    expect((await onTerminal(["statsu"])).stdout).toContain(control);
    expect((await onTerminal(["statsu"], { env: { NO_COLOR: "1" } })).stdout).not.toContain(control);
    expect((await onTerminal(["statsu", "--no-color"])).stdout).not.toContain(control);
    expect((await onTerminal(["statsu"], { env: { TERM: "dumb" } })).stdout).not.toContain(control);
    expect((await redisha(["statsu"], { env: { FORCE_COLOR: "1" } })).stderr).toContain(control);
  });

  it("writes plain ASCII where the locale is not UTF-8", async () => {
    const { stdout } = await redisha(["runbook", "graph", "canary"], { env: { LC_ALL: "C" } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
    expect(stdout).toMatch(/^[\u0000-\u007f]+$/);
    expect(stdout).toContain("`- ");
  });
});

describe("on a Node that is too old", () => {
  const old = oldNode();

  it.skipIf(!old)("runs with the one that npm installed beside it, with the same exit codes", async () => {
    const options = { node: old ?? "" };
    expect((await redisha(["--version"], options)).stdout).toMatch(/node-v2[2-9]/);
    expect((await redisha(["statsu", "--json"], options)).code).toBe(2);
  });
});

describe("runbooks, looked into", () => {
  it("are listed, shown, drawn and checked as data too", async () => {
    const list = await redisha(["runbook", "list", "--json"]);
    expect(JSON.parse(list.stdout).result.runbooks).toContainEqual(
      expect.objectContaining({ name: "canary", origin: "shipped", valid: true, effect: "change" }),
    );
    // Into a pipe nothing is cut.
    const text = await redisha(["runbook", "list"]);
    expect(text.stdout).not.toContain("…");
    const shown = await redisha(["runbook", "show", "status"]);
    expect(shown.stdout).toContain("kind: Runbook");
    expect(shown.stderr).toContain("shipped with redisha");
    expect((await redisha(["runbook", "graph", "canary", "--mermaid"])).stdout).toMatch(/^flowchart TD\n/);
    expect((await redisha(["runbook", "validate"])).code).toBe(0);
    const schema = await redisha(["runbook", "schema"]);
    expect(JSON.parse(schema.stdout)).toHaveProperty("$schema");
  });

  it("that are not valid are refused with file, line and column, and hide no other in the list", async () => {
    const own = await mkdtemp(join(folder, "own-"));
    const file = join(own, "bad.yaml");
    await writeFile(
      file,
      'apiVersion: redisha/v1\nkind: Runbook\nmetadata: { name: bad, version: "1" }\nsteps:\n  - id: a\n    action: redis.quary\n    with: { command: [PING] }\n',
    );
    const { code, stderr } = await redisha(["runbook", "validate", file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:6:`);
    expect(stderr).toContain("redis.query");
  });

  it("are ejected once, beside redisha.yaml, and never overwritten", async () => {
    const own = await mkdtemp(join(folder, "eject-"));
    const file = join(own, "redisha.yaml");
    await writeFile(file, "version: 1\n");
    const first = await redisha(["runbook", "eject", "canary", "--file", file]);
    expect(first).toMatchObject({ code: 0, stdout: `${join(own, "runbooks", "canary.yaml")}\n` });
    expect(await readdir(join(own, "runbooks"))).toEqual(["canary.yaml"]);
    const text = await readFile(join(own, "runbooks", "canary.yaml"), "utf8");
    expect((await redisha(["runbook", "eject", "canary", "--file", file])).code).toBe(2);
    expect(await readFile(join(own, "runbooks", "canary.yaml"), "utf8")).toBe(text);
    const list = await redisha(["runbook", "list", "--json", "--file", file]);
    expect(JSON.parse(list.stdout).result.runbooks).toContainEqual(
      expect.objectContaining({ name: "canary", origin: "ejected" }),
    );
  });
});

/** A Node of the machine itself that is older than what redisha needs, where there is one. */

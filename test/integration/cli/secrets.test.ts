import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { inShell, redisha } from "../../support/redisha.ts";
import { variant } from "../../support/status.ts";

/** Of this run alone: command lines of the whole machine are looked at, those of other tests too. */
const PASSPHRASE = `phrase-${randomUUID()}`;
const WRONG = "not-the-right-one-4711";
/** Often enough to see a process that lives for a few milliseconds now and then, over all the runs here. */
const SAMPLE_MS = 4;

/** Fails on purpose after it wrote, so that what is said of a failure is looked at too. */
const FAILING = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: failing, version: "1.0.0" }
secrets: { login: { from: "env:REDISHA_TEST_LOGIN" } }
steps:
  - id: write
    action: redis.command
    targets: { role: primary }
    with: { command: [SET, secret-test, "\${{ secrets.login }}"] }
    sensitive: true
    undo: none
  - id: fail
    action: redis.command
    targets: { role: primary }
    with: { command: [LPUSH, secret-test, "\${{ secrets.login }}"] }
    undo: none
`;

describe.each(["acl", "password"] as const)("secrets of a deployment with auth %s", (auth) => {
  let lab: TestLab;
  let state: string;
  let secrets: string[];
  let locked: string;
  let wrong: string;
  let timer: NodeJS.Timeout;
  const commandLines = new Set<string>();

  beforeAll(async () => {
    lab = await bringUpLab({ auth, downAfterMs: 60_000 });
    state = join(lab.root, "state");
    await mkdir(state);
    await writeFile(join(lab.status.folder, "failing.yaml"), FAILING);
    const folder = join(lab.status.folder, "secrets");
    secrets = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8").trim());
    secrets.push(PASSPHRASE, WRONG);
    await writeFile(join(folder, "wrong.password"), `${WRONG}\n`, { mode: 0o600 });
    locked = await variant(lab, "locked", await lockedKey());
    wrong = await variant(lab, "wrong", { "auth.operator.password": { file: "secrets/wrong.password" } });
  });
  afterAll(() => lab?.down());
  beforeEach(() => {
    timer = setInterval(() => sample(commandLines), SAMPLE_MS);
  });
  afterEach(() => clearInterval(timer));

  it.each([
    ["status", () => ["status", "--file", lab.file], 0],
    ["status --debug -o wide", () => ["status", "--file", lab.file, "-v", "--debug", "-o", "wide"], 0],
    ["status --json with a locked key", () => ["status", "--file", locked, "--json"], 0],
    ["status with a wrong password", () => ["status", "--file", wrong, "--debug", "-v"], 6],
    ["status --json with a wrong password", () => ["status", "--file", wrong, "--json"], 6],
    ["run canary", () => ["run", "canary", "--file", lab.file, "--yes", "--debug", "-v"], 0],
    ["run canary -o jsonl", () => ["run", "canary", "--file", locked, "--yes", "-o", "jsonl"], 0],
    ["run of what fails", () => ["run", failing(), "--file", lab.file, "--yes", "--debug", "-v"], 1],
    ["run of what fails -o jsonl", () => ["run", failing(), "--file", lab.file, "--yes", "-o", "jsonl"], 1],
    ["a dry run", () => ["run", failing(), "--file", lab.file, "--dry-run"], 0],
    ["run with a wrong password", () => ["run", "canary", "--file", wrong, "--yes", "--debug"], 6],
  ])("stay out of all that %s prints", async (_, argv, exit) => {
    const env = { REDISHA_STATE_DIR: state, REDISHA_TEST_LOGIN: secrets[0] ?? "" };
    const { code, stdout, stderr } = await redisha(argv(), { env });
    expect({ code, text: stdout + stderr }).toEqual({ code: exit, text: expect.any(String) });
    expectNoSecret(stdout + stderr);
  });

  it("stay out of the journal, the debug logs, and every command line while all this ran", async () => {
    const written = filesUnder(state);
    expect(written.length).toBeGreaterThan(0);
    for (const file of written) expectNoSecret(readFileSync(file, "utf8"));
    expect([...commandLines].some((line) => line.includes("run.js"))).toBe(true);
    expectNoSecret([...commandLines].join("\n"));
  });

  it("would have been seen in a command line, had they been there", async () => {
    await inShell(`sleep 0.3 & exec -a "sh ${PASSPHRASE}" sleep 0.3`);
    expect(() => expectNoSecret([...commandLines].join("\n"))).toThrow();
  });

  function failing(): string {
    return join(lab.status.folder, "failing.yaml");
  }

  function expectNoSecret(text: string): void {
    for (const secret of secrets) expect(text).not.toContain(secret);
  }

  async function lockedKey(): Promise<Record<string, unknown>> {
    const folder = join(lab.status.folder, "ssh");
    const key = join(folder, "locked");
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", PASSPHRASE, "-f", key]);
    const authorized = join(folder, "authorized_keys");
    await writeFile(authorized, (await readFile(authorized, "utf8")) + (await readFile(`${key}.pub`, "utf8")));
    await writeFile(`${key}.passphrase`, `${PASSPHRASE}\n`, { mode: 0o600 });
    return { "ssh.identity": "ssh/locked", "ssh.passphrase": { file: "ssh/locked.passphrase" } };
  }
});

/** The arguments of every process of this machine, as `ps -eo args` shows them. */
function sample(into: Set<string>): void {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      into.add(readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " "));
    } catch {
      // It has ended meanwhile.
    }
  }
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

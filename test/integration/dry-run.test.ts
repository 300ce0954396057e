import { createHash } from "node:crypto";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isReadOnly } from "../../src/actions/redis/read-only.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { packagePath } from "../../src/core/package-root.ts";
import { compileByName } from "../../src/use-cases/compile.ts";
import { RunbookStore } from "../../src/use-cases/runbook-store.ts";
import { type BackedUpLab, backedUpLab } from "../support/backed-up-lab.ts";
import type { TestLab } from "../support/lab.ts";
import { type Command, monitorLab } from "../support/monitor.ts";
import { redisha } from "../support/redisha.ts";

let place: BackedUpLab;
let lab: TestLab;
let sessions: string;

beforeAll(async () => {
  place = await backedUpLab({ topology: "sentinel", auth: "none" });
  lab = place.lab;
  await lab.cli("r1:6379", "SET", "is", "there");
  expect((await place.run("backup")).error).toBeNull();
  sessions = join(lab.root, "sessions");
  await recordSessions(lab, sessions);
});
afterAll(() => place[Symbol.asyncDispose]());

/** Every session of every sshd writes down what it was asked to run, and then runs it. */
async function recordSessions({ status, root, restart }: TestLab, log: string): Promise<void> {
  const wrapper = join(root, "record-session");
  const script = `#!/bin/sh\nprintf '%s\\n' "$SSH_ORIGINAL_COMMAND" >> '${log}'\nexec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n`;
  await writeFile(wrapper, script, { mode: 0o755 });
  await writeFile(log, "");
  const servers = status.processes.filter(({ service }) => service === "sshd");
  for (const { log: path } of servers) {
    const folder = join(path, "..");
    const [file] = (await readdir(folder)).filter((name) => name === "sshd_config");
    await appendFile(join(folder, file ?? "sshd_config"), `ForceCommand ${wrapper}\n`);
  }
  await restart(...servers.map(({ id }) => id));
}

/** What stands in the lab's folder, logs apart: a connection is noted there. */
async function checksums(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(".log"));
  const sums = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name);
    return [
      path,
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    ];
  });
  return Object.fromEntries(await Promise.all(sums));
}

/** What is no read, and neither a login nor the talk of replicas and Sentinels among themselves. */
function changes(command: Command): boolean {
  const [first = "", second = ""] = command.map((word) => word.toUpperCase());
  if (first === "" || isReadOnly(command)) return false;
  if (first === "PUBLISH") return second !== "__SENTINEL__:HELLO";
  if (first === "CLIENT") return !["SETNAME", "SETINFO"].includes(second);
  return !["AUTH", "HELLO", "SELECT", "SUBSCRIBE", "REPLCONF", "PSYNC", "MONITOR"].includes(first);
}

/** Runbooks whose first steps read disks, files and units of hosts: their plans run programs there, which only look. */
const LOOKS_AT_HOSTS = [
  "backup",
  "doctor",
  "drift",
  "failover-test",
  "init",
  "init-firewall",
  "init-os",
  "patch",
  "preflight",
  "preflight-fix",
  "restart",
  "restore",
];

/** What a run leaves on hosts where it changes something: undos that wait, and copies of files. Folders bear its id. */
async function heldFor(run: string): Promise<string[]> {
  const folders = ["/run/redisha-deadman", "/var/lib/redisha/kept"];
  const entries = (await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat();
  return entries.filter((entry) => entry.includes(run));
}

describe("--dry-run", () => {
  it("of each shipped runbook changes nothing: on Redis, over SSH, on the disk", async () => {
    const store = new RunbookStore(packagePath());
    const repository = await checksums(place.root);
    const monitor = await monitorLab(lab);
    try {
      for (const { name } of await store.list()) {
        const { runbook } = await compileByName(name, store);
        if (Object.values(runbook.inputs).some(({ required }) => required)) continue;
        if (!(runbook.requires.topology?.includes("sentinel") ?? true)) continue;
        // A lab's servers come from a directory, and its hosts are this machine: both would stop where they find that out.
        // Nor is a backup written key by key over data, or a certificate changed where there is no TLS.
        const stops = ["init", "drift", "restore-routed", "rotate-certificates"].includes(name);
        await writeFile(sessions, "");
        const before = await checksums(lab.status.folder);
        const { code, stdout, stderr } = await redisha(["run", name, "--dry-run", "--json", "--file", lab.file]);
        expect({ name, code, stderr }).toMatchObject({ name, code: stops ? EXIT.gateRefused : EXIT.done });
        // MONITOR comes a moment later than the replies.
        await sleep(300);
        const changed = [...monitor.seen].flatMap(([id, commands]) =>
          commands.filter(changes).map((command) => `${id}: ${command.join(" ")}`),
        );
        expect({ name, changed }).toEqual({ name, changed: [] });
        if (!LOOKS_AT_HOSTS.includes(name)) {
          expect({ name, sessions: await readFile(sessions, "utf8") }).toEqual({ name, sessions: "" });
        }
        expect({ name, held: await heldFor(JSON.parse(stdout).result.run) }).toEqual({ name, held: [] });
        expect({ name, files: await checksums(lab.status.folder) }).toEqual({ name, files: before });
        expect({ name, repository: await checksums(place.root) }).toEqual({ name, repository });
      }
      // What is watched would have been seen.
      await redisha(["run", "canary", "--file", lab.file]);
      await sleep(300);
      const words = [...monitor.seen.values()].flat().map(([first]) => first?.toUpperCase());
      expect(words).toEqual(expect.arrayContaining(["INFO", "SET", "DEL"]));
    } finally {
      monitor.stop();
    }
  });

  it("would have been caught running a program on a host", async () => {
    const file = join(lab.root, "touch.yaml");
    await writeFile(
      file,
      `apiVersion: redisha/v1
kind: Runbook
metadata: { name: touch, version: "1.0.0" }
concurrency: { lock: none }
steps:
  - { id: there, action: ssh.exec, targets: { role: data, limit: 1 }, with: { argv: [echo, was-here] }, undo: none }
`,
    );
    await writeFile(sessions, "");
    expect((await redisha(["run", file, "--dry-run", "--file", lab.file])).code).toBe(0);
    expect(await readFile(sessions, "utf8")).toBe("");
    expect((await redisha(["run", file, "--yes", "--file", lab.file])).code).toBe(0);
    expect(await readFile(sessions, "utf8")).toContain("was-here");
  });
});

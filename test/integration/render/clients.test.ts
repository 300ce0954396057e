import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { fileOf, type RenderedClient, renderClient, runClient } from "../../support/rendered-clients.ts";

/** The interpreter that Debian's python3-redis is for. */
const PYTHON = "/usr/bin/python3";
const [drive, drivePython] = ["drive.mjs", "drive.py"].map((name) => packagePath("test", "fixtures", "clients", name));

/** What has a program ask with a rendered client; those that this machine lacks a library for are left out, which is said. */
function programsFor(topology: string): Readonly<Record<string, (folder: string) => readonly (string | undefined)[]>> {
  return {
    ioredis: (folder) => [process.execPath, drive, join(folder, fileOf("ioredis"))],
    "node-redis": (folder) => [process.execPath, drive, join(folder, fileOf("node-redis"))],
    // Up to 4.3 it cannot look at a Cluster a second time when one of the nodes that it knew is gone.
    ...(PYTHON_REDIS >= (topology === "cluster" ? 5 : 4)
      ? { "redis-py": (folder) => [PYTHON, drivePython, folder] }
      : {}),
  };
}

const PYTHON_REDIS = pythonRedis();

/** The major version of the library; 0 where there is none. */
function pythonRedis(): number {
  try {
    const print = "import redis; print(redis.__version__)";
    return Number.parseInt(execFileSync(PYTHON, ["-c", print], { encoding: "utf8", stdio: "pipe" }), 10);
  } catch {
    process.stderr.write("redis-py is not tried: apt-get install python3-redis\n");
    return 0;
  }
}

describe.each([
  ["sentinel", "r1:6379", ["r2:6379", "r3:6379"]],
  ["cluster", "r1:6379", ["r4:6379", "r5:6379", "r6:6379"]],
] as const)("rendered clients of a %s deployment", (topology, victim, heirs) => {
  it("go on with the new primary after a failover, all of them, without a call that fails", async () => {
    await using lab = await bringUpLab({ topology, auth: "acl", tls: true });
    const folder = await mkdtemp(join(tmpdir(), "redisha-clients-"));
    try {
      await symlink(packagePath("node_modules"), join(folder, "node_modules"));
      await using running = new AsyncDisposableStack();
      const clients: RenderedClient[] = [];
      for (const [name, argv] of Object.entries(programsFor(topology))) {
        const words = argv(await renderClient(lab, name, folder)).map((word) => word ?? "");
        clients.push(running.use(await runClient(lab, name, words)));
      }
      await forAll(clients, ({ done }) => done() >= 20);
      await lab.kill(victim);
      await expect.poll(() => promoted(lab, heirs), { timeout: 90_000 }).toBe(true);
      const before = new Map(clients.map(({ name, done }) => [name, done()]));
      await forAll(clients, ({ name, done }) => done() >= (before.get(name) ?? 0) + 50);
      for (const { name, trouble } of clients) expect(trouble(), name).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Waits for it, and shows what a client said where it never comes. */
async function forAll(clients: readonly RenderedClient[], holds: (client: RenderedClient) => boolean): Promise<void> {
  const missing = () =>
    clients.filter((each) => !holds(each)).map(({ name, done, trouble }) => [name, done(), ...trouble().slice(-3)]);
  await expect.poll(missing, { timeout: 90_000, interval: 100 }).toEqual([]);
}

async function promoted(lab: TestLab, heirs: readonly string[]): Promise<boolean> {
  const roles = await Promise.all(heirs.map((id) => lab.cli(id, "ROLE").catch(() => "")));
  return roles.some((role) => role.startsWith("master"));
}

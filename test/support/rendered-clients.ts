/**
 * Client libraries as `redisha render` sets them up, each in a process of its own that saves and loads sessions one after the
 * other and says of each what became of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { KINDS } from "../../src/render/kinds/catalog.ts";
import { bringUpLab, type TestLab } from "./lab.ts";
import { redisha } from "./redisha.ts";

interface RenderedClient extends AsyncDisposable {
  readonly name: string;
  /** Sessions that were saved and found again. */
  done(): number;
  /** What was not, and all else that it said. */
  trouble(): readonly string[];
}

/** Renders a kind into `folder/LABEL`, to be used on this machine, with sessions of its own. It goes on trying for as long as any test lasts. */
async function renderClient(lab: TestLab, name: string, label: string, folder: string): Promise<string> {
  const out = join(folder, label);
  const ca = join(lab.status.folder, "tls", "ca.crt");
  const set = [`prefix=${label}:`, "deadline=10m", `ca=${ca}`].flatMap((each) => ["--set", each]);
  const { code, stderr } = await redisha(["render", name, "--file", lab.file, "--out", `${out}/`, ...set]);
  if (code !== 0) throw new Error(stderr);
  return out;
}

/** The one file of a kind. */
export function fileOf(name: string): string {
  return KINDS.find((kind) => kind.name === name)?.files[0] ?? "";
}

/** Has a program go on with sessions until it is disposed of. */
async function runClient(lab: TestLab, name: string, argv: readonly string[]): Promise<RenderedClient> {
  const [program = "", ...args] = argv;
  const secret = async (role: string) =>
    (await readFile(join(lab.status.folder, "secrets", `${role}.password`), "utf8")).trim();
  const password = lab.status.auth === "none" ? "" : await secret("operator");
  const env = { ...process.env, REDIS_PASSWORD: password, REDIS_SENTINEL_PASSWORD: password };
  const child: ChildProcess = spawn(program, args, { env, cwd: packagePath(), stdio: ["ignore", "pipe", "pipe"] });
  let done = 0;
  const trouble: string[] = [];
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    done += lines.filter((line) => line.startsWith("ok ")).length;
    trouble.push(...lines.filter((line) => !line.startsWith("ok ")));
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  });
  child.once("exit", (code, signal) => {
    if (signal !== "SIGKILL") trouble.push(`ended with ${code ?? signal}: ${said}`);
  });
  return {
    name,
    done: () => done,
    trouble: () => trouble,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** By kind, the words of a program that asks with the client that was rendered into a folder. */
export type Programs = Readonly<Record<string, (folder: string) => readonly string[]>>;

/** The primary that is killed, and those that may take over. */
const VICTIM = "r1:6379";
const HEIRS = { sentinel: ["r2:6379", "r3:6379"], cluster: ["r4:6379", "r5:6379", "r6:6379"] } as const;

/** Kills the primary under so many of all of these clients, and expects every one to go on with the new one, without a call that failed. */
export async function throughFailover(topology: "sentinel" | "cluster", programs: Programs, copies = 1): Promise<void> {
  await using lab = await bringUpLab({ topology, auth: "acl", tls: true });
  const folder = await mkdtemp(join(tmpdir(), "redisha-clients-"));
  try {
    // Where Node looks for the libraries.
    await symlink(packagePath("node_modules"), join(folder, "node_modules"));
    await using running = new AsyncDisposableStack();
    const clients: RenderedClient[] = [];
    for (const [name, argv] of Object.entries(programs)) {
      for (let copy = 1; copy <= copies; copy += 1) {
        const label = copies > 1 ? `${name}-${copy}` : name;
        clients.push(running.use(await runClient(lab, label, argv(await renderClient(lab, name, label, folder)))));
      }
    }
    await forAll(clients, ({ done }) => done() >= 20);
    await lab.kill(VICTIM);
    await expect.poll(() => promoted(lab, HEIRS[topology]), { timeout: 90_000 }).toBe(true);
    const before = new Map(clients.map(({ name, done }) => [name, done()]));
    await forAll(clients, ({ name, done }) => done() >= (before.get(name) ?? 0) + 50);
    for (const { name, trouble } of clients) expect(trouble(), name).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

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

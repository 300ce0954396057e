/**
 * A lab for a test: a whole deployment of real processes, with an sshd per host and a redisha.yaml.
 *
 *     await using lab = await bringUpLab({ topology: "sentinel", auth: "acl", engine: "redis-6.0" });
 *     await lab.kill("r1:6379");
 *     run("redisha", "status", "--file", lab.file);
 *
 * For one lab per file: `const lab = await bringUpLab()` at the top of a `describe`, `afterAll(() => lab.down())`.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { labDown } from "../../src/lab/down.ts";
import { labKill } from "../../src/lab/kill.ts";
import { labPs } from "../../src/lab/ps.ts";
import { labRestart } from "../../src/lab/restart.ts";
import type { LabUpResult, ProcessStatus, RestartResult, SignalResult } from "../../src/lab/results.ts";
import type { LabOptions } from "../../src/lab/shape.ts";
import type { LabSignal } from "../../src/lab/signals.ts";
import { labUp } from "../../src/lab/up.ts";
import { ENGINE_ROOT } from "./engines.ts";

export interface TestLab extends AsyncDisposable {
  readonly status: LabUpResult;
  /** Path of its redisha.yaml. */
  readonly file: string;
  /** The folder that holds it: `--dir` of the lab commands. */
  readonly root: string;
  /** `r1` for a whole host, `r1:6379` for one process. */
  kill(target: string, signal?: LabSignal): Promise<SignalResult[]>;
  restart(...targets: string[]): Promise<RestartResult[]>;
  ps(): Promise<readonly ProcessStatus[]>;
  /** Asks a process of it with redis-cli, which knows nothing of redisha: `lab.cli("r1:6379", "INFO", "replication")`. */
  cli(id: string, ...command: string[]): Promise<string>;
  /** Takes it down; a second call does nothing. */
  down(): Promise<void>;
}

/** Brings up a lab in a temporary folder; by default Sentinel with Redis 7.0, held to be down after one second. */
export async function bringUpLab(options: Omit<LabOptions, "root"> = {}): Promise<TestLab> {
  process.env.REDISHA_ENGINES ??= ENGINE_ROOT;
  const root = await mkdtemp(join(tmpdir(), "redisha-test-lab-"));
  const name = options.name ?? "lab";
  const down = async (): Promise<void> => {
    await labDown({ root, all: true });
    await rm(root, { recursive: true, force: true });
  };
  try {
    const engine = options.engineDir === undefined ? { engine: options.engine ?? "redis-7.0" } : {};
    const status = await labUp(
      { downAfterMs: 1_000, failoverTimeoutMs: 10_000, ...options, ...engine, root },
      () => {},
    );
    return {
      status,
      root,
      file: status.file,
      kill: (target, signal) => labKill({ root, name, targets: [target], ...(signal ? { signal } : {}) }),
      restart: (...targets) => labRestart({ root, name, targets }),
      ps: async () => (await labPs({ root, name }))[0]?.processes ?? [],
      cli: (id, ...command) => redisCli(status, id, command),
      down,
      [Symbol.asyncDispose]: down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

/** The address of a host, for commands that name it. */
export function addressOf(lab: TestLab, host: string): string {
  const found = lab.status.processes.find((each) => each.host === host);
  if (!found) throw new Error(`the lab has no ${host}`);
  return found.address;
}

async function redisCli(lab: LabUpResult, id: string, command: readonly string[]): Promise<string> {
  const target = lab.processes.find((each) => each.id === id);
  if (!target) throw new Error(`the lab has no ${id}`);
  const login = await loginOf(lab, target.service);
  const { stdout } = await promisify(execFile)(
    join(ENGINE_ROOT, "redis-7.0", "bin", "redis-cli"),
    [
      ...["-h", target.address, "-p", String(target.port)],
      ...(lab.topology === "cluster" ? ["-c"] : []),
      ...(lab.tls ? ["--tls", "--cacert", join(lab.folder, "tls", "ca.crt")] : []),
      ...(login.user ? ["--user", login.user] : []),
      ...command,
    ],
    // An empty variable would count as a password.
    { env: login.password === undefined ? {} : { REDISCLI_AUTH: login.password } },
  );
  return stdout.replaceAll("\r\n", "\n").trimEnd();
}

async function loginOf(lab: LabUpResult, service: string): Promise<{ user?: string; password?: string }> {
  if (lab.auth === "none") return {};
  const read = async (role: string) => (await readFile(join(lab.folder, "secrets", `${role}.password`), "utf8")).trim();
  if (lab.auth === "password") return { password: await read("operator") };
  // Before 6.2 a Sentinel has no users.
  if (service === "sentinel" && lab.engine.version.startsWith("6.0")) return { password: await read("sentinel") };
  return { user: "redisha", password: await read("operator") };
}

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { HostTarget, SshSettings } from "../../src/connect/types.ts";

export interface SshdOptions {
  /** As redisha.yaml would name it. */
  readonly host?: string;
  /** One of 127.0.0.0/8. */
  readonly address?: string;
  /** More lines of sshd_config. */
  readonly config?: readonly string[];
  readonly keyTypes?: readonly ("ed25519" | "ecdsa" | "rsa")[];
  /** Who may log in; whoever runs the tests by default. */
  readonly user?: string;
}

/** A real sshd with keys of its own, that nothing but its files knows of. */
export interface Sshd {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly pid: number;
  readonly directory: string;
  /** Private key that it lets in. */
  readonly identity: string;
  /** Knows its host keys. */
  readonly knownHosts: string;
  /** An empty ssh_config, so that the user's own decides nothing. */
  readonly configFile: string;
  readonly log: () => string;
  /** How redisha reaches it; `changes` replace single settings. */
  target(changes?: Partial<SshSettings>): HostTarget;
  stop(): Promise<void>;
}

/** Starts an sshd on a free port. The caller stops it; its folder goes with it. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const { host = "box", address = "127.0.0.1", config = [], keyTypes = ["ed25519"] } = options;
  const user = options.user ?? userInfo().username;
  const directory = mkdtempSync(join(tmpdir(), "redisha-sshd-"));
  const path = (name: string) => join(directory, name);
  const hostKeys = keyTypes.map((type) => path(`host_${type}`));
  keyTypes.forEach((type, index) => {
    makeKey(hostKeys[index] ?? "", type);
  });
  makeKey(path("id"), "ed25519");
  writeFileSync(path("authorized_keys"), readFileSync(`${path("id")}.pub`));
  writeFileSync(path("ssh_config"), "# nothing\n");
  // sshd started by root wants a folder for its unprivileged part.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const port = await freePort(address);
  writeFileSync(
    path("known_hosts"),
    hostKeys.map((file) => `[${address}]:${port} ${readFileSync(`${file}.pub`, "utf8")}`).join(""),
  );
  writeFileSync(
    path("sshd_config"),
    [
      `ListenAddress ${address}:${port}`,
      ...hostKeys.map((file) => `HostKey ${file}`),
      `AuthorizedKeysFile ${path("authorized_keys")}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "MaxStartups 100",
      "PerSourceMaxStartups none",
      ...config,
      "",
    ].join("\n"),
  );
  const child = spawn("/usr/sbin/sshd", ["-D", "-f", path("sshd_config"), "-E", path("log")], { stdio: "ignore" });
  await answering(address, port, child, path("log"));
  return {
    host,
    address,
    port,
    user,
    pid: child.pid ?? 0,
    directory,
    identity: path("id"),
    knownHosts: path("known_hosts"),
    configFile: path("ssh_config"),
    log: () => readFileSync(path("log"), "utf8"),
    target: (changes = {}) => ({
      host,
      address,
      ssh: {
        adapter: "ssh2",
        user,
        port,
        identity: path("id"),
        knownHosts: path("known_hosts"),
        configFile: path("ssh_config"),
        become: "none",
        connectTimeoutMs: 10_000,
        ...changes,
      },
    }),
    stop: async () => {
      await stopped(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Makes a key pair at `file` and `file.pub`. */
export function makeKey(file: string, type = "ed25519", passphrase = ""): void {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", file]);
}

/** A port of an address that nobody listens on. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, address, resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return bound.port;
}

/** Pids of an sshd's own child processes: one, or with privilege separation two, for each connection. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").flatMap((child) => [Number(child), ...childrenOf(Number(child))]);
  } catch {
    // It ended meanwhile.
    return [];
  }
}

/** Kills processes at once: one that went with its parent, or before, is no trouble. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}

async function answering(address: string, port: number, child: ChildProcess, log: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${readFileSync(log, "utf8")}`);
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port });
      socket.once("data", () => resolve(true)).once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
      socket.once("data", () => socket.destroy());
    });
    if (answered) return;
    await delay(25);
  }
  throw new Error(`sshd does not answer: ${readFileSync(log, "utf8")}`);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const pids = childrenOf(child.pid ?? 0);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
  killAll(pids);
}

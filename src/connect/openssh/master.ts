import { type FSWatcher, watch } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { RedishaError } from "../../core/errors.ts";
import type { HostTarget, SshSettings } from "../types.ts";
import { configFile } from "./config-file.ts";
import { type ConnectionPaths, connectionPaths, removePaths } from "./runtime-dir.ts";
import { ssh } from "./ssh.ts";

/** After so long without a user the background connection ends by itself, should redisha be killed. */
const PERSIST_SECONDS = 120;
const HEARTBEAT_MS = 30_000;

/** A connection of the ssh program in the background, that sessions and forwards go through. */
export class Master {
  closed = false;
  readonly #paths: ConnectionPaths;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #watcher: FSWatcher;

  private constructor(paths: ConnectionPaths) {
    this.#paths = paths;
    // Keeps it from ending for want of users, and notices one that was killed and left its socket behind.
    this.#heartbeat = setInterval(() => void this.check(), HEARTBEAT_MS).unref();
    this.#watcher = watch(dirname(paths.socket), (_, name) => {
      if (name === basename(paths.socket)) void this.check();
    });
    this.#watcher.unref();
  }

  /** Connects and logs in. `explain` makes an error of what ssh has said. */
  static async open(
    target: HostTarget,
    settings: SshSettings,
    signal: AbortSignal,
    explain: (log: string) => RedishaError,
  ): Promise<Master> {
    const paths = connectionPaths();
    try {
      await writeFile(paths.config, configFile(settings), { mode: 0o600 });
      const { code, stderr } = await ssh(connecting(target, settings, paths), signal);
      if (code === 0) return new Master(paths);
      throw explain(`${await readFile(paths.log, "utf8").catch(() => "")}\n${stderr}`);
    } catch (error) {
      await removePaths(paths);
      throw error;
    }
  }

  /** Arguments for ssh to do something over this connection; it must never make one of its own instead. */
  arguments(...more: readonly string[]): string[] {
    const never = ["-o", "ProxyCommand=false", "-o", "BatchMode=yes"];
    return ["-F", "none", "-S", this.#paths.socket, ...never, "-T", ...more];
  }

  /** True where it is still there. */
  async check(): Promise<boolean> {
    if (this.closed) return false;
    const { code } = await ssh(this.arguments("-O", "check", "master")).catch(() => ({ code: 1 }));
    if (code !== 0) {
      this.#forget();
      await removePaths(this.#paths);
    }
    return code === 0;
  }

  /** What it has logged so far. */
  async log(): Promise<string> {
    return await readFile(this.#paths.log, "utf8").catch(() => "");
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.#forget();
    await ssh(this.arguments("-O", "exit", "master")).catch(() => undefined);
    await removePaths(this.#paths);
  }

  #forget(): void {
    this.closed = true;
    clearInterval(this.#heartbeat);
    this.#watcher.close();
  }
}

function connecting(target: HostTarget, settings: SshSettings, { config, log, socket }: ConnectionPaths): string[] {
  const { user, port, jump } = settings;
  return [
    ...["-F", config, "-E", log, "-M", "-N", "-T", "-S", socket],
    // With -v, and not by LogLevel: else ssh hides what a jump host's ssh says, as it goes to the background.
    ...["-v", "-o", `ControlPersist=${PERSIST_SECONDS}`, "-o", "ClearAllForwardings=yes"],
    ...(user ? ["-l", user] : []),
    ...(port ? ["-p", String(port)] : []),
    ...(jump ? ["-o", `ProxyJump=${jump}`] : []),
    ...["--", target.address],
  ];
}

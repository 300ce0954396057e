import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { hostCgroup } from "./cgroup.ts";
import { atConsole } from "./console.ts";
import { mountDisk } from "./disk.ts";
import type { Network } from "./network.ts";
import { harnessPath } from "./paths.ts";
import { POOLS_IN_HOST, poolsFolder } from "./pools.ts";
import { attempt, type Ended, type RunOptions, run, succeeded } from "./run.ts";
import type { Suite } from "./tree.ts";
import { waitFor } from "./wait.ts";

/** One machine of a fleet, as a test sees it. */
export interface FleetHost {
  readonly name: string;
  readonly address: string;
  readonly suite: Suite;
  /**
   * Runs a bash command as root, as if at the machine's own console: it needs no network and no sshd. Returns what it
   * printed; fails where it fails. On a hung host it waits until its time (default a minute) is over.
   */
  exec(command: string, options?: RunOptions): Promise<string>;
  /** The same, where failing is an answer. */
  attempt(command: string, options?: RunOptions): Promise<Ended>;
  /** Runs a command over SSH, by default as `ops`, an ordinary user who may sudo; 255 where it cannot log in. */
  ssh(command: string, options?: RunOptions & { readonly user?: "ops" | "root" }): Promise<Ended>;
  /** Everything that its console has shown, over all boots. */
  console(): string;
}

/** The same, with its power button; for the fleet alone. */
export interface PoweredHost extends FleetHost {
  running(): boolean;
  hung(): boolean;
  latencyMs(): number;
  start(): Promise<void>;
  /** Waits until it has booted: systemd has started everything, and sshd answers unless it cannot be reached. */
  booted(reachable: boolean): Promise<void>;
  cutPower(): Promise<void>;
  /** Waits until it has gone down by itself and, with `again`, come up. */
  reboot(reachable: boolean): Promise<void>;
  freeze(frozen: boolean): Promise<void>;
  delay(ms: number): Promise<void>;
}

export interface HostPlace {
  readonly fleet: number;
  readonly network: Network;
  readonly number: number;
  readonly name: string;
  readonly suite: Suite;
  readonly tree: string;
  readonly folder: string;
  readonly sshConfigFile: string;
}

const BOOT_LIMIT_MS = 120_000;
const OFF_LIMIT_MS = 20_000;

/** A host that has a disk, running or not: all about it is read anew from its folder and from the kernel. */
export function hostAt(place: HostPlace): PoweredHost {
  const { fleet, network, number, name, suite, folder } = place;
  const cgroup = hostCgroup(fleet, name);
  const address = network.address(number);
  const link = network.link(name);
  const environment = {
    ...{ FOLDER: folder, NAME: name, LINK: link, BRIDGE: network.bridge, ADDRESS: address, GATEWAY: network.gateway },
    ...{ MAC: `02:77:00:00:${hex(fleet)}:${hex(number)}`, CGROUP: cgroup.path },
    ...{ POOLS: poolsFolder(), POOLS_IN_HOST, HARNESS: harnessPath() },
    PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`,
  };

  /** The shell that boots it again when it asks for that. */
  const supervisor = (): number | undefined => {
    const pid = Number(readIfThere(join(folder, "pid")));
    // A pid that was given again belongs to something that knows nothing of this host.
    return pid > 0 && readIfThere(`/proc/${pid}/environ`).includes(`FOLDER=${folder}\0`) ? pid : undefined;
  };
  const running = (): boolean => supervisor() !== undefined;

  const attemptAtConsole: FleetHost["attempt"] = async (command, options = {}) => {
    const init = cgroup.init();
    if (init === undefined) throw new Error(`${name} is off`);
    return atConsole(init, cgroup.consoleProcs, command, options);
  };

  const host: PoweredHost = {
    name,
    address,
    suite,
    attempt: attemptAtConsole,
    exec: async (command, options) => succeeded(`${name}: ${command}`, await attemptAtConsole(command, options)),
    ssh: (command, { user = "ops", ...options } = {}) =>
      attempt("ssh", ["-F", place.sshConfigFile, "-l", user, name, command], { timeoutMs: 60_000, ...options }),
    console: () => readIfThere(join(folder, "console.log")),
    running,
    hung: () => cgroup.frozen(),
    latencyMs: () => Number(readIfThere(join(folder, "latency"))),

    start: async () => {
      if (running()) throw new Error(`${name} is on already`);
      cgroup.remove();
      await mountDisk(folder, place.tree);
      mkdirSync(poolsFolder(), { recursive: true });
      const log = openSync(join(folder, "console.log"), "a");
      const child = spawn(harnessPath("supervise.sh"), {
        env: environment,
        cwd: "/",
        detached: true,
        stdio: ["ignore", log, log],
      });
      child.unref();
      await waitFor(`${name} to be switched on`, 5_000, running);
    },

    booted: async (reachable) => {
      try {
        await waitFor(`${name} to boot`, BOOT_LIMIT_MS, async () => {
          if (!running()) throw new Error(`${name} went off again`);
          if (cgroup.init() === undefined) return false;
          const { stdout } = await attemptAtConsole("systemctl is-system-running --wait");
          return /^(running|degraded)/.test(stdout);
        });
        if (reachable) await waitFor(`sshd of ${name}`, 20_000, () => greets(address));
      } catch (error) {
        const shown = host.console().split("\n").slice(-15).join("\n");
        throw new Error(`${error instanceof Error ? error.message : String(error)}; its console:\n${shown}`);
      }
    },

    cutPower: async () => {
      if (!running()) return;
      // The cable first: no dying process can still say goodbye to its peers.
      await attempt("ip", ["link", "set", link, "down"]);
      cgroup.kill("payload");
      await waitFor(`${name} to be off`, OFF_LIMIT_MS / 2, () => !running()).catch(async () => {
        cgroup.kill("all");
        await waitFor(`${name} to be off`, OFF_LIMIT_MS / 2, () => !running());
      });
      cgroup.remove();
    },

    reboot: async (reachable) => {
      const before = cgroup.init();
      // The connection to the console may go before the answer comes.
      await attemptAtConsole("systemctl reboot");
      await waitFor(`${name} to go down`, BOOT_LIMIT_MS, () => cgroup.init() !== before);
      await host.booted(reachable);
    },

    freeze: async (frozen) => {
      cgroup.freeze(frozen);
      // The kernel says so once the last process has stopped.
      await waitFor(`${name} to ${frozen ? "hang" : "go on"}`, 10_000, () => cgroup.frozen() === frozen);
    },

    delay: async (ms) => {
      if (ms > 0) writeFileSync(join(folder, "latency"), String(ms));
      else rmSync(join(folder, "latency"), { force: true });
      // A host that is off gets it at its next boot.
      if (running())
        await run("env", [
          ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
          harnessPath("latency.sh"),
          "apply",
        ]);
    },
  };
  return host;
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}

/** True where an SSH server says its name. */
function greets(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1_000 });
    const answer = (said: boolean): void => {
      socket.destroy();
      resolve(said);
    };
    socket.once("data", () => answer(true));
    for (const event of ["error", "timeout", "close"]) socket.once(event, () => answer(false));
  });
}

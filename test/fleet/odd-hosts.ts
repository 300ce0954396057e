/**
 * Hosts as nobody wants them, made so for real: what the kernel tells of a process, how long it forks, what time it is. Each
 * returns what takes it back.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packagePath } from "../../src/core/package-root.ts";
import { until } from "../support/until.ts";
import { hostCgroup } from "./harness/cgroup.ts";
import type { Fleet } from "./harness/fleet.ts";
import type { FleetHost } from "./harness/host.ts";
import { run } from "./harness/run.ts";

type TakeBack = () => Promise<unknown>;

/**
 * The kernel of a host says that a unit's process has pages in swap. Hosts share the swap of this machine, which may have none:
 * other files lie over those of the kernel. A process that is started anew has a file of its own again.
 */
export async function swapOut(host: FleetHost, unit: string, megabytes: number): Promise<TakeBack> {
  await host.exec(
    `pid=$(systemctl show -p MainPID --value ${unit})
     sed 's/^SwapTotal:.*/SwapTotal: 4194304 kB/; s/^SwapFree:.*/SwapFree: 2097152 kB/' /proc/meminfo >/run/meminfo
     sed 's/^VmSwap:.*/VmSwap: ${megabytes * 1_024} kB/' /proc/$pid/status >/run/status
     mount --bind /run/meminfo /proc/meminfo && mount --bind /run/status /proc/$pid/status`,
  );
  return () => host.exec("umount /proc/meminfo");
}

/** The process of a unit as this machine numbers it. */
export function pidOf(fleet: Fleet, host: string, unit: string): number {
  const group = join(hostCgroup(fleet.number, host).path, "payload", "system.slice", `${unit}.service`);
  const [pid] = readFileSync(join(group, "cgroup.procs"), "utf8").split("\n");
  if (!pid) throw new Error(`${unit} does not run on ${host}`);
  return Number(pid);
}

/** Each fork of a process takes longer, as it does where there is much memory to copy the page table of. */
export async function slowForks(pid: number, milliseconds: number): Promise<TakeBack> {
  const calls = "clone,clone3,fork,vfork";
  const slow = `inject=${calls}:delay_exit=${milliseconds * 1_000}`;
  const strace = spawn("strace", ["-qq", "-o", "/dev/null", "-p", String(pid), "-e", `trace=${calls}`, "-e", slow], {
    stdio: "ignore",
  });
  const traced = () => /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  await until(async () => traced());
  return async () => {
    strace.kill();
    await until(async () => !traced());
  };
}

/**
 * The host takes itself for a machine whose clock it may set, and systemd starts its time service; setting it would fail. Until it
 * boots.
 */
export async function ownClock(host: FleetHost): Promise<void> {
  await host.exec(
    `sed 's/^CapBnd:.*/CapBnd:\t000001ffffffffff/' /proc/1/status >/run/status-1
     mount --bind /run/status-1 /proc/1/status && mount --bind /bin/false /usr/bin/systemd-detect-virt
     mkdir -p /run/systemd/system/systemd-timesyncd.service.d
     printf '[Unit]\nConditionVirtualization=\nConditionCapability=\n[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n' \
       >/run/systemd/system/systemd-timesyncd.service.d/test.conf
     systemctl daemon-reload`,
  );
}

/** Another clock for all that is started on a host from now on; `set` moves it, also under what runs already. */
export async function otherClock(fleet: Fleet, host: FleetHost): Promise<Clock> {
  const library = join(fleet.folder, "other-clock.so");
  const source = packagePath("test", "fleet", "other-clock.c");
  await run("cc", ["-O2", "-shared", "-fPIC", "-o", library, source]);
  await host.exec("base64 -d >/usr/lib/other-clock.so", { input: readFileSync(library).toString("base64") });
  await host.exec("echo /usr/lib/other-clock.so >/etc/ld.so.preload");
  return {
    set: (seconds) => host.exec(`echo ${seconds} >/run/other-clock`),
    // Who says so has asked the kernel when it started.
    keep: () => host.exec("rm /run/other-clock && touch /run/kept-clock && systemctl restart systemd-timedated"),
  };
}

interface Clock {
  /** Seconds ahead of this machine's. */
  set(seconds: number): Promise<unknown>;
  /** As this machine's again, and kept right, for all that anybody can tell who starts from then on. */
  keep(): Promise<unknown>;
}

import { randomBytes } from "node:crypto";
import type { HostConnection } from "../../connect/types.ts";
import { sleep } from "../../core/abort.ts";
import { messageOf, RedishaError } from "../../core/errors.ts";
import type { Deployment, Host } from "../../inventory/model.ts";
import { ControllerLock } from "./controller-lock.ts";
import { HeartbeatLock, type HeldLock } from "./held-lock.ts";
import { heldHere, heldOnHost, noMajority } from "./lock-errors.ts";
import { targetLockName } from "./lock-name.ts";
import { SuspendClock } from "./suspend-clock.ts";
import { TargetLock } from "./target-lock.ts";

export interface LockOptions {
  readonly deployment: Deployment;
  /** Hosts to lock: all of the deployment, or with scope `host` those that the run works on. */
  readonly hosts: readonly Host[];
  /** Asked again for a connection that was lost: a failure must not be remembered. */
  readonly shell: (host: Host) => Promise<HostConnection>;
  /** Its id. An earlier process of the same run that died on this machine is replaced at once: for resume and rollback. */
  readonly run: string;
  readonly leaseMs: number;
  readonly stateDirectory: string;
  readonly scope: "cluster" | "host";
  readonly onConflict: "fail" | "wait";
  readonly user: string;
  readonly controller: string;
  /** Gives up taking or waiting. */
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
  /** Be content with fewer hosts than exclude everybody else: for when most hosts are down. */
  readonly allowMinority?: boolean;
  readonly clock?: SuspendClock;
}

const POLL_MS = 1_000;
const RELEASE_MS = 5_000;

/** Hosts that are down must not keep an operator from mending what is left; a wrong key or password is another matter. */
const DOWN = new Set([
  "SSH_REFUSED",
  "SSH_TIMEOUT",
  "SSH_UNREACHABLE",
  "SSH_CLOSED",
  "SSH_NAME_NOT_FOUND",
  "SSH_JUMP_FAILED",
]);

/**
 * Locks this machine and then every host, in the order of their names, all or nothing. Hosts that are down are left out
 * with a warning while more than half can be locked: two runs cannot both have that.
 * Fails with LOCK_HELD (exit 5), LOCK_NO_MAJORITY or a connection's error (exit 6), LOCK_UNAVAILABLE or LOCK_UNWRITABLE.
 */
export async function takeLock(options: LockOptions): Promise<HeldLock> {
  const { onConflict, signal, warn } = options;
  warnUnprotected(options);
  let told = "";
  for (;;) {
    try {
      return await tryLock(options);
    } catch (error) {
      if (onConflict === "fail" || !(error instanceof RedishaError) || error.code !== "LOCK_HELD") throw error;
      const [who = ""] = error.message.split(" since ");
      if (who !== told) warn(`waiting for the lock: ${error.message}`);
      told = who;
      await sleep(POLL_MS, signal);
    }
  }
}

async function tryLock(options: LockOptions): Promise<HeldLock> {
  const { deployment, run, leaseMs, warn, signal, user } = options;
  signal.throwIfAborted();
  const names = (options.scope === "cluster" ? deployment.hosts : options.hosts).map(({ name }) => name);
  const controller = await ControllerLock.take(options.stateDirectory, deployment, names, { run, user });
  if (!(controller instanceof ControllerLock)) throw heldHere(deployment.name, controller);
  const clock = options.clock ?? new SuspendClock();
  const targets = targetsOf(options, clock);
  try {
    await lockAll(targets, options);
  } catch (error) {
    const touched = targets.filter((target) => target.touched);
    await Promise.all(touched.map((target) => target.release(RELEASE_MS).catch(() => undefined)));
    await controller.release();
    throw error;
  }
  const enough = options.allowMinority ? 1 : targets.length - majorityOf(targets.length) + 1;
  return new HeartbeatLock({ deployment: deployment.name, run, leaseMs, controller, targets, enough, clock, warn });
}

function targetsOf({ deployment, hosts, shell, run, leaseMs, user, controller }: LockOptions, clock: SuspendClock) {
  const about = { token: randomBytes(12).toString("hex"), run, user, controller, leaseMs, deployment: deployment.name };
  return hosts
    .filter(({ ssh }) => ssh !== "none")
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((host) => {
      const name = targetLockName(deployment.name, host);
      return new TargetLock(host, shell, { ...about, name, host: host.name, address: host.address }, clock);
    });
}

async function lockAll(targets: readonly TargetLock[], options: LockOptions): Promise<void> {
  const { deployment, shell, signal, warn } = options;
  // All at once, so that hosts that are down cost their time limit once.
  const reached = await Promise.allSettled(targets.map(({ host }) => shell(host)));
  let failure: unknown;
  let locked = 0;
  for (const [index, target] of targets.entries()) {
    signal.throwIfAborted();
    try {
      const outcome = reached[index];
      if (outcome?.status === "rejected") throw outcome.reason;
      const owner = await target.take(signal);
      if (owner) throw heldOnHost(deployment.name, target.host, owner);
      locked += 1;
      if (target.place === "home") warn(homeWarning(target));
    } catch (error) {
      if (!(error instanceof RedishaError) || !DOWN.has(error.code)) throw error;
      failure ??= error;
      warn(`${target.host.name} is not locked: ${messageOf(error)}`);
    }
  }
  const needed = options.allowMinority ? Math.min(1, targets.length) : majorityOf(targets.length);
  if (targets.length > 0 && locked < needed) throw noMajority(deployment.name, locked, targets.length, failure);
}

function majorityOf(hosts: number): number {
  return Math.floor(hosts / 2) + 1;
}

function warnUnprotected({ deployment, hosts, warn }: LockOptions): void {
  const bare = hosts.filter(({ ssh }) => ssh === "none").map(({ name }) => name);
  if (bare.length === 0) return;
  if (bare.length === hosts.length) {
    warn(`no host of ${deployment.name} has SSH: only this machine is locked, a run from another one is not kept out`);
    return;
  }
  warn(
    `not locked, since they have no SSH: ${bare.join(", ")}; a run from another machine that works on them alone is not kept out`,
  );
}

function homeWarning({ host, directory }: TargetLock): string {
  return `the lock on ${host.name} is in ${directory}, since /run/lock/redisha cannot be written there: runs that log in as another user are not kept out`;
}

import { existsSync } from "node:fs";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";
import { journalPath } from "../engine/journal.ts";
import { controllerEntries, removeControllerEntry } from "../engine/lock/controller-lock.ts";
import { locksOn, removeLocksOn } from "../engine/lock/look.ts";
import type { LockAnswer } from "../engine/lock/script-call.ts";
import type { Host } from "../inventory/model.ts";
import type { HostLock, LocalLock, Removal } from "./lock-views.ts";
import type { Session } from "./session.ts";

/** Where locks of one deployment are looked for. */
export interface Looking {
  readonly session: Session;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Every lock of the deployment: on its hosts, all asked at once, and on this machine. A host that is down is an entry, too. */
export async function showLocks({ session, env, signal }: Looking): Promise<{ hosts: HostLock[]; local: LocalLock[] }> {
  const { deployment, live } = session;
  const hosts = await Promise.all(
    deployment.hosts.map(async (host): Promise<HostLock[]> => {
      if (host.ssh === "none") return [{ ...nothing(host), state: "not_protected" }];
      try {
        const found = await locksOn(deployment, host, await live.connections.shell(host), signal);
        return found.length === 0 ? [nothing(host)] : found.map((answer) => lockOf(host, answer));
      } catch (error) {
        signal.throwIfAborted();
        return [{ ...nothing(host), state: "unreachable", error: messageOf(error) }];
      }
    }),
  );
  const entries = await controllerEntries(stateDir(env), deployment);
  const local = entries.map(
    ({ host, path, owner, live }): LocalLock => ({
      host,
      path,
      state: live ? "live" : "stale",
      run: owner?.run ?? null,
      user: owner?.user ?? null,
      controller: owner?.controller ?? null,
      pid: owner?.pid ?? null,
      since: owner?.since ?? null,
    }),
  );
  return { hosts: hosts.flat(), local };
}

/**
 * Removes the locks of one run, and no other, from every host and from this machine. Live ones stay unless `force`. Each
 * place is tried, whatever happened in the others; `exit` is 4 where a live lock was left, 6 where a host could not be
 * reached, 1 where one could not be removed, 2 where nobody knows of such a run: it has no lock, nor a journal here.
 */
export async function removeLocks(
  run: string,
  force: boolean,
  { session, env, signal }: Looking,
): Promise<{ removals: Removal[]; exit: ExitCode; error: RedishaError | undefined }> {
  const { deployment, live } = session;
  const errors: RedishaError[] = [];
  const failed = (host: string, error: unknown): Removal => {
    signal.throwIfAborted();
    if (!(error instanceof RedishaError)) throw error;
    errors.push(error);
    return { host, outcome: error.code === "LOCK_LIVE" ? "live" : "failed", path: null, error: error.message };
  };
  const onHosts = deployment.hosts
    .filter(({ ssh }) => ssh !== "none")
    .map(async (host): Promise<Removal[]> => {
      try {
        const shell = await live.connections.shell(host);
        const paths = await removeLocksOn(deployment, host, shell, { run, force, signal });
        if (paths.length === 0) return [{ host: host.name, outcome: "none", path: null, error: null }];
        return paths.map((path) => ({ host: host.name, outcome: "removed", path, error: null }));
      } catch (error) {
        return [failed(host.name, error)];
      }
    });
  const removals = (await Promise.all(onHosts)).flat();
  for (const entry of await controllerEntries(stateDir(env), deployment)) {
    if (entry.owner?.run !== run) continue;
    if (entry.live && !force) {
      removals.push(failed("this machine", liveHere(deployment.name, run, entry.owner.pid)));
      break;
    }
    await removeControllerEntry(entry);
    removals.push({ host: "this machine", outcome: "removed", path: entry.path, error: null });
  }
  const none = removals.every(({ outcome }) => outcome === "none");
  if (none && !existsSync(journalPath(stateDir(env), run))) errors.push(noSuchLock(deployment.name, run));
  const worst = errors.find(({ exit }) => exit === EXIT.gateRefused) ?? errors[0];
  return { removals, exit: worst?.exit ?? EXIT.done, error: worst };
}

function nothing({ name, address }: Host): HostLock {
  const owner = { directory: null, run: null, user: null, controller: null, since: null, lease_left_ms: null };
  return { host: name, address, state: "free", ...owner, error: null };
}

function lockOf(host: Host, { directory, run, user, controller, started, leftMs }: LockAnswer): HostLock {
  return {
    host: host.name,
    address: host.address,
    state: leftMs > 0 ? "live" : "stale",
    directory,
    run: run || null,
    user: user || null,
    controller: controller || null,
    since: started || null,
    lease_left_ms: leftMs,
    error: null,
  };
}

function noSuchLock(deployment: string, run: string): RedishaError {
  return new RedishaError({
    code: "LOCK_NOT_FOUND",
    message: `Run ${run} has no lock of ${deployment}, and this machine knows of no such run.`,
    exit: EXIT.usage,
    state: "no lock was removed",
    next: [`redisha unlock -d ${deployment}`, "redisha runs list"],
  });
}

function liveHere(deployment: string, run: string, pid: number): RedishaError {
  return new RedishaError({
    code: "LOCK_LIVE",
    message: `Run ${run} is alive on this machine: process ${pid}.`,
    exit: EXIT.gateRefused,
    state: "its lock was not removed",
    next: [`end it first, with Ctrl-C or: kill -INT ${pid}`, `redisha unlock -d ${deployment} --run ${run} --force`],
  });
}

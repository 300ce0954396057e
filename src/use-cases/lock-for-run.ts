import { stateDir } from "../core/state-dir.ts";
import type { HeldLock } from "../engine/lock/held-lock.ts";
import { thisProcess } from "../engine/lock/process-identity.ts";
import { takeLock } from "../engine/lock/take-lock.ts";
import { stepsOf } from "../engine/steps-of.ts";
import type { Deployment, Host } from "../inventory/model.ts";
import type { Runbook } from "../runbook/model.ts";
import { operator } from "./operator.ts";
import type { RunRequest } from "./run-runbook.ts";

/**
 * Takes the lock that a run needs before it writes anything: none for one that only reads or says `lock: none`, else one on
 * this machine and on every host. Fails with LOCK_HELD (exit 5), naming the run that holds it.
 */
export async function lockForRun(request: RunRequest, run: string): Promise<HeldLock | undefined> {
  const { runbook, session, env, signal, sink, lockMinority = false } = request;
  if (!needsLock(runbook)) return undefined;
  const { deployment, live } = session;
  return takeLock({
    deployment,
    hosts: hostsToLock(runbook, deployment),
    shell: (host) => live.connections.shellAgain(host),
    run,
    leaseMs: runbook.concurrency.leaseMs,
    stateDirectory: stateDir(env),
    scope: runbook.concurrency.lock === "host" ? "host" : "cluster",
    onConflict: runbook.concurrency.onConflict,
    allowMinority: lockMinority,
    user: operator().user,
    controller: thisProcess().controller,
    signal,
    warn: (message) => sink({ at: new Date().toISOString(), run, type: "warning", message }),
  });
}

/** With `lock: host` the hosts that the changing steps name; one that names none may work on any. */
function hostsToLock(runbook: Runbook, deployment: Deployment): readonly Host[] {
  const changing = stepsOf(runbook).filter(({ effect }) => effect !== "read");
  if (runbook.concurrency.lock !== "host" || changing.some(({ targets }) => !targets?.hosts)) return deployment.hosts;
  const named = new Set(changing.flatMap(({ targets }) => targets?.hosts ?? []));
  const ids = deployment.instances.filter(({ id, host }) => named.has(id) || named.has(host.name));
  const wanted = new Set(ids.map(({ host }) => host.name));
  return deployment.hosts.filter(({ name }) => wanted.has(name));
}

/** A runbook that changes something is locked unless it says that it need not be. */
function needsLock(runbook: Runbook): boolean {
  const { lock } = runbook.concurrency;
  return lock !== "none" && stepsOf(runbook).some(({ effect }) => effect !== "read");
}

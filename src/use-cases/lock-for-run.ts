import { stateDir } from "../core/state-dir.ts";
import type { HeldLock } from "../engine/lock/held-lock.ts";
import { thisProcess } from "../engine/lock/process-identity.ts";
import { takeLock } from "../engine/lock/take-lock.ts";
import { stepsOf } from "../engine/steps-of.ts";
import type { Runbook } from "../runbook/model.ts";
import { operator } from "./operator.ts";
import type { RunRequest } from "./run-runbook.ts";

/**
 * Takes the lock that a run needs before it writes anything: none for one that only reads or says `lock: none`, else one on
 * this machine and on every host. Fails with LOCK_HELD (exit 5), naming the run that holds it.
 */
export async function lockForRun(request: RunRequest, run: string): Promise<HeldLock | undefined> {
  const { runbook, session, env, signal, sink } = request;
  if (!needsLock(runbook)) return undefined;
  const { deployment, live } = session;
  return takeLock({
    deployment,
    hosts: deployment.hosts.filter(({ ssh }) => ssh !== "none"),
    shell: (host) => live.connections.shell(host),
    run,
    leaseMs: runbook.concurrency.leaseMs,
    stateDirectory: stateDir(env),
    scope: "cluster",
    onConflict: runbook.concurrency.onConflict,
    user: operator().user,
    controller: thisProcess().controller,
    signal,
    warn: (message) => sink({ at: new Date().toISOString(), run, type: "warning", message }),
  });
}

/** A runbook that changes something is locked unless it says that it need not be. */
function needsLock(runbook: Runbook): boolean {
  const { lock } = runbook.concurrency;
  return lock !== "none" && stepsOf(runbook).some(({ effect }) => effect !== "read");
}

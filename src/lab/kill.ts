import { setTimeout as sleep } from "node:timers/promises";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type FoundProcess, familyOf, findProcesses, isStopped, sendSignal, waitUntilGone } from "./processes.ts";
import type { SignalResult } from "./results.ts";
import type { LabSignal } from "./signals.ts";
import { logOf } from "./spec.ts";
import { needLab, processesNamed } from "./target.ts";

/** Redis waits up to ten seconds for its replicas before it stops. */
const GRACE_MS = 15_000;

/**
 * Sends a signal to processes of a lab, to a host's sessions too when its sshd is among them, and waits until it took
 * effect: ended, stopped, or going on. Fails with LAB_NOT_RUNNING where none of them was running.
 */
export async function labKill(options: {
  name?: string;
  root?: string;
  targets: readonly string[];
  /** Default SIGKILL. */
  signal?: LabSignal;
}): Promise<SignalResult[]> {
  const spec = await needLab(options);
  const signal = options.signal ?? "SIGKILL";
  const found = findProcesses(spec.folder);
  const reached: FoundProcess[] = [];
  const results = processesNamed(spec, options.targets).map((node): SignalResult => {
    const [main, ...others] = familyOf(found, logOf(node));
    const signalled = main !== undefined && sendSignal(main, signal);
    if (signalled) reached.push(main, ...others.filter((each) => sendSignal(each, signal)));
    return { id: node.id, service: node.service, signal, pid: signalled ? main.pid : null };
  });
  if (reached.length === 0) {
    throw new RedishaError({
      code: "LAB_NOT_RUNNING",
      message: `nothing of ${options.targets.join(", ")} is running`,
      exit: EXIT.failedSafe,
      state: "nothing was touched",
      next: [`redisha lab restart --name ${spec.name} ${options.targets.join(" ")}`],
    });
  }
  await waitForEffect(reached, signal);
  return results;
}

async function waitForEffect(targets: readonly FoundProcess[], signal: LabSignal): Promise<void> {
  if (signal === "SIGKILL" || signal === "SIGTERM" || signal === "SIGINT" || signal === "SIGSEGV") {
    // A stopped process takes SIGTERM only when it is woken; that is for the operator to do.
    await waitUntilGone(
      targets.filter((target) => signal === "SIGKILL" || !isStopped(target)),
      GRACE_MS,
    );
  }
  if (signal === "SIGSTOP" || signal === "SIGCONT") {
    const deadline = Date.now() + 1_000;
    while (Date.now() < deadline && targets.some((target) => isStopped(target) !== (signal === "SIGSTOP")))
      await sleep(5);
  }
}

/** Ends a server as a service manager would: woken, asked, and killed only where it does not listen. */
export async function stopGently(targets: readonly FoundProcess[]): Promise<void> {
  for (const target of targets) {
    sendSignal(target, "SIGCONT");
    sendSignal(target, "SIGTERM");
  }
  if (await waitUntilGone(targets, GRACE_MS)) return;
  for (const target of targets) sendSignal(target, "SIGKILL");
  await waitUntilGone(targets, GRACE_MS);
}

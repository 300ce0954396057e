import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment, Host } from "../../inventory/model.ts";
import { targetLockName } from "./lock-name.ts";
import { type LockAnswer, type Place, runLockScript } from "./script-call.ts";
import { INSPECT, REMOVE } from "./scripts.ts";

const PLACES: readonly Place[] = ["shared", "home"];
const PATIENCE_MS = 15_000;

/** The locks of a deployment on one host: none, one, or one in each place. `leftMs` is 0 for one whose lease is over. */
export async function locksOn(
  deployment: Deployment,
  host: Host,
  shell: HostConnection,
  signal: AbortSignal,
): Promise<LockAnswer[]> {
  const answers = await Promise.all(
    PLACES.map((place) => call(INSPECT, { deployment, host, shell, place, run: "", extra: "", signal })),
  );
  return answers.filter(({ result }) => result !== "free");
}

/**
 * Removes the locks of `run` from one host; those of other runs stay. Returns the directories that were removed; a second
 * call finds none. Fails with LOCK_LIVE (exit 4) where the lease runs and `force` is not given, LOCK_NOT_REMOVED (exit 1).
 */
export async function removeLocksOn(
  deployment: Deployment,
  host: Host,
  shell: HostConnection,
  { run, force, signal }: { run: string; force: boolean; signal: AbortSignal },
): Promise<string[]> {
  const removed: string[] = [];
  for (const place of PLACES) {
    const about = { deployment, host, shell, place, run, extra: force ? "force" : "", signal };
    let answer = await call(REMOVE, about);
    const { ssh } = host;
    const mayBecome = ssh === "local" || (ssh !== "none" && ssh.become === "sudo");
    if (answer.result === "forbidden" && mayBecome) answer = await call(REMOVE, { ...about, become: true });
    if (answer.result === "live") throw live(deployment, host, answer);
    if (answer.result === "forbidden" || answer.result === "no_flock") throw notRemoved(host, answer);
    if (answer.result === "removed") removed.push(answer.directory);
  }
  return removed;
}

function call(
  script: string,
  about: {
    deployment: Deployment;
    host: Host;
    shell: HostConnection;
    place: Place;
    run: string;
    extra: string;
    signal: AbortSignal;
    become?: boolean;
  },
): Promise<LockAnswer> {
  const { deployment, host, shell, place, run, extra, signal, become = false } = about;
  const words = { token: `unlock-${process.pid}-${Date.now()}`, run, user: "", controller: "", leaseMs: 0 };
  const name = targetLockName(deployment.name, host);
  const where = { deployment: deployment.name, host: host.name, address: host.address };
  return runLockScript(shell, script, { place, name, ...words, ...where }, [extra], {
    timeoutMs: PATIENCE_MS,
    signal,
    become,
  });
}

function live(deployment: Deployment, host: Host, { run, user, controller, leftMs }: LockAnswer): RedishaError {
  return new RedishaError({
    code: "LOCK_LIVE",
    message: `The lock of run ${run} on ${host.name} is live: ${user} on ${controller} renewed it, and it has ${Math.ceil(leftMs / 1_000)} s to go.`,
    host: host.name,
    exit: EXIT.gateRefused,
    state: "it was not removed",
    next: [
      "wait: where its process is dead, the lease ends by itself",
      `if you are sure that it is dead: redisha unlock -d ${deployment.name} --run ${run} --force`,
    ],
  });
}

function notRemoved(host: Host, { result, directory, user }: LockAnswer): RedishaError {
  return new RedishaError({
    code: "LOCK_NOT_REMOVED",
    message:
      result === "no_flock"
        ? `There is no flock(1) on ${host.name}.`
        : `The lock on ${host.name} belongs to another account there (that of ${user}).`,
    host: host.name,
    state: "it is still there",
    next: [`sudo rm -r ${directory}, on ${host.name}`],
  });
}

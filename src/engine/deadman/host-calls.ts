import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { ARM, DISARM, LOOK, RENEW } from "./scripts.ts";

/**
 * How an armed undo stands on its host. `firing`: it is being put back; `ok` and `failed`: that has ended; `dead`: its
 * process is gone; `gone`: nothing of it is there.
 */
export interface WatchdogState {
  readonly state: "armed" | "firing" | "ok" | "failed" | "dead" | "gone" | "disarmed";
  /** By the host's clock, `2026-11-21T01:30:15Z`; empty where there is nothing to tell. */
  readonly at: string;
}

interface ArmRequest {
  readonly run: string;
  readonly id: string;
  readonly leaseMs: number;
  /** Text for the watchdog's shell, with the password. */
  readonly payload: string;
  readonly ca: string;
  readonly candidates: readonly string[];
  readonly options: readonly string[];
}

/** Starts a watchdog; gives why it would not, or undefined where it watches. Fails with the connection's error. */
export async function armOnHost(
  shell: HostConnection,
  { run, id, leaseMs, payload, ca, candidates, options }: ArmRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const words = [run, id, String(Math.round(leaseMs / 10)), ca, candidates.join("\n"), ...options];
  const { stdout, stderr } = await shell.script(ARM, words, { env: { REDISHA_DEADMAN: payload }, signal });
  const answer = stdout.trim().split("\n").at(-1) ?? "";
  if (answer === "ready") return undefined;
  if (answer.startsWith("refused ")) return answer.slice("refused ".length);
  return `the host gave no answer: ${stderr.trim().split("\n").at(-1) ?? ""}`;
}

const SCRIPTS = { renew: RENEW, look: LOOK, disarm: DISARM };

/** Renews, looks at or disarms several of a run in one round trip. Fails with the connection's error, or DEADMAN_SILENT. */
export async function callHost(
  shell: HostConnection,
  what: keyof typeof SCRIPTS,
  run: string,
  ids: readonly string[],
  timeoutMs: number,
): Promise<ReadonlyMap<string, WatchdogState>> {
  const { stdout } = await shell.script(SCRIPTS[what], [run, ...ids], { timeoutMs });
  const states = new Map<string, WatchdogState>();
  for (const [, id = "", state = "", at = ""] of stdout.matchAll(/^([0-9a-f]+) ([a-z]+) ?(\S*)$/gm)) {
    if (isState(state)) states.set(id, { state, at });
  }
  if (!/^end$/m.test(stdout) || ids.some((id) => !states.has(id))) {
    throw new RedishaError({
      code: "DEADMAN_SILENT",
      message: `${shell.host} did not tell how its watchdogs are.`,
      host: shell.host,
    });
  }
  return states;
}

function isState(word: string): word is WatchdogState["state"] {
  return ["armed", "firing", "ok", "failed", "dead", "gone", "disarmed"].includes(word);
}

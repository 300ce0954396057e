import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { oneLine } from "./lock-name.ts";

/** Where locks are kept on a host: for all users of it, or for one where that cannot be written. */
export type Place = "shared" | "home";

/** What every script is told. */
export interface LockArguments {
  readonly name: string;
  readonly token: string;
  readonly run: string;
  readonly user: string;
  readonly controller: string;
  readonly leaseMs: number;
  readonly deployment: string;
  readonly host: string;
  readonly address: string;
}

/** What a script answered; the owner's fields are empty where there is none. */
export interface LockAnswer {
  readonly result: string;
  /** The lock is ours, and has `leftMs` to go. */
  readonly ours: boolean;
  readonly directory: string;
  /** The boot that the host's clock counts from, or `wall`. */
  readonly clock: string;
  readonly leftMs: number;
  readonly run: string;
  readonly user: string;
  readonly controller: string;
  /** By the host's own clock, e.g. `2026-11-21T01:30:15Z`. */
  readonly started: string;
}

/** Runs one of the lock's scripts in one round trip. Fails with the connection's error, or LOCK_SCRIPT_FAILED. */
export async function runLockScript(
  shell: HostConnection,
  script: string,
  { place, ...about }: LockArguments & { readonly place: Place },
  extra: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly become?: boolean },
): Promise<LockAnswer> {
  const { stdout, stderr } = await shell.script(script, words({ place, ...about }, extra), options);
  return answerIn(stdout, about) ?? failed(about.host, stderr);
}

/** The arguments of a script. */
export function words(
  { place, ...about }: LockArguments & { readonly place: Place },
  extra: readonly string[] = [],
): string[] {
  const { name, token, run, user, controller, leaseMs, deployment, host, address } = about;
  const lines = [token, run, user, controller, String(leaseMs), deployment, host, address].map(oneLine);
  return [place, name, ...lines, ...extra];
}

/** What a script said; undefined where it is not whole. */
export function answerIn(stdout: string, { token }: Pick<LockArguments, "token">): LockAnswer | undefined {
  const lines = stdout.split("\n").map((line): [string, string] => {
    const space = line.indexOf(" ");
    return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
  });
  const said = new Map(lines);
  const result = said.get("result");
  if (result === undefined || !said.has("end")) return undefined;
  return {
    result,
    ours: result === "held" && said.get("token") === oneLine(token),
    directory: said.get("dir") ?? "",
    clock: said.get("clock") ?? "",
    leftMs: Number(said.get("left")) || 0,
    run: said.get("run") ?? "",
    user: said.get("user") ?? "",
    controller: said.get("controller") ?? "",
    started: said.get("started") ?? "",
  };
}

function failed(host: string, stderr: string): never {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw new RedishaError({
    code: "LOCK_SCRIPT_FAILED",
    message: `The lock on ${host} gave no answer${said ? `: ${said}` : "."}`,
    host,
    exit: EXIT.failedSafe,
    state: "nothing else was run on it",
    next: [`ls -la /run/lock/redisha, on ${host}`],
  });
}

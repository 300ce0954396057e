import { RedishaError } from "../../core/errors.ts";
import type { Host, Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";

/** Whether commands run through sudo there: what belongs to the server's own user is out of reach otherwise. */
export function rootOn({ ssh }: Host): boolean {
  return typeof ssh === "object" && ssh.become === "sudo";
}

/** Asking systemd or /proc takes a moment; a service manager that hangs is not waited for. */
const BRIEF_MS = 120_000;

interface Failure {
  readonly code: string;
  readonly what: string;
  readonly state: string;
  readonly next?: readonly string[];
}

/** The same as `onHostOf`, for what takes a moment: fails with EXEC_TIMEOUT after two minutes. */
export function brieflyOnHostOf(
  instance: Instance,
  context: Pick<ActionContext, "shell" | "signal">,
  script: string,
  args: readonly string[],
  failure: Failure,
): Promise<string> {
  return onHostOf(instance, context, script, args, failure, BRIEF_MS);
}

/** Runs a script on the host of an instance, as root where there is sudo; what fails is thrown with what it said. */
export async function onHostOf(
  instance: Instance,
  context: Pick<ActionContext, "shell" | "signal">,
  script: string,
  args: readonly string[],
  failure: Failure,
  timeoutMs?: number,
): Promise<string> {
  const shell = await context.shell(instance.host);
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  const result = await shell.script(script, args, {
    become: rootOn(instance.host),
    signal: context.signal,
    ...limit,
  });
  if (result.code === 0) return result.stdout;
  const said = result.stderr.trim().split("\n").slice(-2).join(" / ");
  throw new RedishaError({
    code: failure.code,
    message: `${failure.what} on ${instance.host.name}: ${said || `status ${result.code ?? result.signal}`}`,
    host: instance.id,
    state: failure.state,
    next: failure.next ?? [],
  });
}

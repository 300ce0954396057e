import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { quoteAll } from "../quote.ts";
import type { Ending, LaunchSpec } from "./launcher.ts";

/** The command as a person knows it, short. Arguments never hold secrets; environment and input are not shown. */
function shown(spec: LaunchSpec): string {
  const text = "argv" in spec ? quoteAll(spec.argv) : (spec.shell.trim().split("\n")[0] ?? "");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** The connection went away. What a command that ran at that time did is not known. */
export function connectionLost(host: string, cause?: unknown, running?: LaunchSpec): RedishaError {
  const why = cause === undefined ? "" : `: ${messageOf(cause)}`;
  return new RedishaError({
    code: "SSH_CLOSED",
    message: running
      ? `The SSH connection to ${host} was lost while \`${shown(running)}\` ran${why}.`
      : `The SSH connection to ${host} was lost${why}.`,
    host,
    exit: running ? EXIT.outcomeUnknown : EXIT.cannotConnect,
    state: running ? "the command may still run there, and what it did is not known" : "nothing was run by this call",
    next: [`check that ${host} is up and that sshd runs`],
    cause,
  });
}

export function execTimeout(host: string, spec: LaunchSpec, limitMs: number, ended: boolean): RedishaError {
  return new RedishaError({
    code: "EXEC_TIMEOUT",
    message: `\`${shown(spec)}\` on ${host} did not finish within ${limitMs / 1000} s.`,
    host,
    exit: ended ? EXIT.failedSafe : EXIT.outcomeUnknown,
    state: endedState(ended),
    next: ["allow it more time, or look on the host at what it waits for"],
  });
}

export function execCancelled(host: string, spec: LaunchSpec, ended: boolean, cause: unknown): RedishaError {
  return new RedishaError({
    code: "EXEC_CANCELLED",
    message: `\`${shown(spec)}\` on ${host} was cancelled.`,
    host,
    exit: ended ? EXIT.failedSafe : EXIT.outcomeUnknown,
    state: endedState(ended),
    cause,
  });
}

function endedState(ended: boolean): string {
  return ended
    ? "its process group on the host was ended; what it had done until then stays"
    : "it could not be ended and may still run on the host";
}

export function programMissing(host: string, spec: LaunchSpec, stderr: string): RedishaError {
  const name = "argv" in spec ? spec.argv[0] : "sh";
  return new RedishaError({
    code: "EXEC_NOT_FOUND",
    message: `${host} cannot run ${name}: ${/permission denied/i.test(stderr) ? "it is not executable" : "there is no such program"}.`,
    host,
    state: "nothing was run",
    next: [`install it on ${host}, or name it by its full path`],
  });
}

/** sudo ended before what it was to run began. Where it gives no reason, its status is all there is to go by. */
export function sudoRefused(host: string, stderr: string, { code, signal }: Ending): RedishaError {
  const said = stderr.trim().split("\n").at(-1);
  return new RedishaError({
    code: "SSH_SUDO_REFUSED",
    message: said
      ? `sudo on ${host} refused to run a command as root: ${said}`
      : `sudo on ${host} ran nothing as root and gave no reason: it ended ${signal ? `by ${signal}` : `with status ${code}`}.`,
    host,
    exit: EXIT.cannotConnect,
    state: "nothing was run",
    next: [
      `let the user run sudo without a password on ${host}, e.g. in /etc/sudoers.d/: \`<user> ALL=(root) NOPASSWD: ALL\``,
      `see what it may do with: ssh ${host} sudo -n -l`,
    ],
  });
}

export function becomeForbidden(host: string): RedishaError {
  return new RedishaError({
    code: "SSH_BECOME_NONE",
    message: `This needs root on ${host}, and redisha.yaml says \`become: none\` there.`,
    host,
    exit: EXIT.usage,
    state: "nothing was run",
    next: ["set `ssh: { become: sudo }`, or log in as root"],
  });
}

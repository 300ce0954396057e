import { userInfo } from "node:os";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ConnectHostOptions } from "../hosts.ts";
import { SessionConnection } from "../session/connection.ts";
import { cancelled, jumpFailed, passphraseNeeded, type Server, sshTimeout } from "../ssh-errors.ts";
import type { HostConnection, HostTarget, SshSettings } from "../types.ts";
import { classify } from "./classify.ts";
import { checkIdentity } from "./identity.ts";
import { OpensshLauncher } from "./launcher.ts";
import { Master } from "./master.ts";
import { sweepStale } from "./runtime-dir.ts";

let swept: Promise<void> | undefined;

/**
 * Logs in to a host by the ssh program, with all that it can do: FIDO keys, certificates, Match blocks, ProxyCommand.
 * Nothing is asked for at a terminal: passphrases and touches are the agent's business.
 */
export async function connectOpenssh(
  target: HostTarget,
  settings: SshSettings,
  options: ConnectHostOptions,
): Promise<HostConnection> {
  swept ??= sweepStale();
  await swept;
  return new SessionConnection(await login(target, settings, options));
}

async function login(target: HostTarget, settings: SshSettings, options: ConnectHostOptions): Promise<OpensshLauncher> {
  const user = settings.user ?? userInfo().username;
  const server = { label: target.host, host: target.address, port: settings.port ?? 22, user };
  const { locked } = await checkIdentity(server, settings);
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(late(server, settings)), settings.connectTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, own.signal]) : own.signal;
  try {
    const master = await Master.open(target, settings, signal, (log) => {
      for (const line of log.split("\n")) options.log?.(`${target.host}: ${line}`);
      // A locked key is offered by its public half, taken by the server, and cannot be used then.
      if (locked && /Server accepts key/.test(log)) return passphraseNeeded(target.host, settings.identity ?? "");
      return throughJump(log, server);
    });
    const again = () => login(target, settings, {});
    const loggedInAs = /Authenticating to .* as '([^']+)'/.exec(await master.log())?.[1] ?? user;
    return new OpensshLauncher({ host: target.host, user: loggedInAs, become: settings.become, master, again });
  } catch (error) {
    if (own.signal.aborted) throw own.signal.reason;
    if (options.signal?.aborted) throw cancelled(server, options.signal.reason);
    if (error instanceof RedishaError) throw error;
    throw noProgram(target.host, error);
  } finally {
    clearTimeout(timer);
  }
}

function late(server: Server, settings: SshSettings): RedishaError {
  return sshTimeout(server, `ssh did not finish the login within ${settings.connectTimeoutMs / 1_000} s`);
}

/** With a jump host, ssh itself sees only that its pipe closed; what the ssh before it said tells why. */
function throughJump(log: string, server: Server & { readonly user: string }): RedishaError {
  const jump = /Setting implicit ProxyCommand from ProxyJump: ssh .*?(\S+)$/m.exec(log)?.[1];
  if (!jump || !/UNKNOWN port 65535|stdio forwarding failed/.test(log)) return classify(server, log);
  const hop = complainedOf(log) ?? { label: jump, host: jump, port: 22 };
  return jumpFailed(server.label, hop.label, classify({ ...hop, user: server.user }, log));
}

/** The host that ssh's complaint names. */
function complainedOf(log: string): Server | undefined {
  const match =
    /host key is known for \[?([^\]\s]+)\]?(?::(\d+))?/.exec(log) ??
    /connect to host (\S+) port (\d+)/.exec(log) ??
    /Host key for \[?([^\]\s]+)\]?(?::(\d+))? has changed/.exec(log) ??
    /(?:^|\n)(?:[^\s@]+@)?([^\s:]+): Permission denied/.exec(log) ??
    /Connection (?:closed|reset) by (?!UNKNOWN)(\S+) port (\d+)/.exec(log);
  const host = match?.[1];
  return host ? { label: host, host, port: Number(match[2] ?? 22) } : undefined;
}

function noProgram(host: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "SSH_PROGRAM_MISSING",
    message: "The ssh program cannot be run, and redisha.yaml asks for it by `adapter: openssh`.",
    host,
    exit: EXIT.usage,
    state: "nothing was connected to",
    next: ["install it: apt install openssh-client", "or use `ssh: { adapter: ssh2 }`"],
    cause,
  });
}

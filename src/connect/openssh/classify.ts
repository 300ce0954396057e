import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import {
  closedEarly,
  describeServer,
  noCommonAlgorithm,
  type Server,
  socketFailure,
  sshTimeout,
} from "../ssh-errors.ts";

/** What ssh says of a failed connection, in its own words (LC_ALL=C), as the errors that every adapter has. */
export function classify(server: Server & { readonly user: string }, log: string): RedishaError {
  const cause = new Error(lastWords(log));
  const at = describeServer(server);
  // Each jump host on the way shows one; the last is the one that was refused.
  const shown = [...log.matchAll(/Server host key: (\S+) (SHA256:\S+)/g)].at(-1);
  const key = shown ? `it shows ${shown[1]} ${shown[2]}` : "see what it shows with ssh-keyscan";
  const offending = /Offending .*key in (\S+?):(\d+)/.exec(log);
  const fail = (code: string, message: string, ...next: string[]) =>
    new RedishaError({
      code,
      message,
      host: server.label,
      exit: EXIT.cannotConnect,
      state: "nothing was run on it",
      next,
      cause,
    });

  const revoked = /marked as revoked in (\S+?):?(\d+)?[.,]?\s|REVOKED HOST KEY/i.exec(log);
  if (revoked) {
    return fail(
      "SSH_HOST_KEY_REVOKED",
      `The host key of ${at} is marked as revoked${offending ? ` in ${offending[1]}:${offending[2]}` : ""}: ${key}.`,
      "do not log in: whoever shows this key may not be the host",
    );
  }
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(log)) {
    const place = offending ? `${offending[1]}:${offending[2]}` : "known_hosts";
    return fail(
      "SSH_HOST_KEY_CHANGED",
      `The host key of ${at} is not the one in ${place}: ${key}. Either the host was set up anew, or somebody is in between.`,
      "compare the fingerprint on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      ...(/remove with:\s*\n?\s*(ssh-keygen .*)/.exec(log)?.[1] ? [`if it is right: ${removal(log)}`] : []),
    );
  }
  if (/host key is known for|Host key verification failed/.test(log)) {
    return fail(
      "SSH_HOST_KEY_UNKNOWN",
      `The host key of ${at} is not known: ${key}.`,
      "compare the fingerprint on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      `if it is right: ssh-keyscan -p ${server.port} ${server.host} >> ~/.ssh/known_hosts`,
    );
  }
  if (/Could not resolve hostname/.test(log)) return socketFailure(server, coded("ENOTFOUND", cause));
  if (/Connection refused/.test(log)) return socketFailure(server, coded("ECONNREFUSED", cause));
  if (/No route to host|Network is unreachable/.test(log)) return socketFailure(server, coded("EHOSTUNREACH", cause));
  if (/timed out/i.test(log)) {
    const connected = /Connection established/.test(log);
    return sshTimeout(
      server,
      connected ? "it took the TCP connection, but sshd did not answer" : "there was no answer",
      cause,
    );
  }
  if (/Unable to negotiate|no matching/.test(log)) return noCommonAlgorithm(server, cause);
  if (/Permission denied|Too many authentication failures/.test(log)) {
    const tried = [...log.matchAll(/Offering public key: (.+?)(?: explicit| agent)?$/gm)].map(
      (match) => match[1] ?? "",
    );
    const accepts = /Permission denied \(([^)]*)\)/.exec(log)?.[1];
    return fail(
      "SSH_AUTH_FAILED",
      `${at} did not let ${server.user} in (${tried.length > 0 ? `tried: ${tried.join(", ")}` : "there was no key to try"}${accepts ? `; the server takes: ${accepts}` : ""}).`,
      `ssh-copy-id -p ${server.port} ${server.user}@${server.host}`,
      "name the key: `ssh: { identity: … }` in redisha.yaml, or load it: ssh-add",
    );
  }
  if (/Bad configuration option|terminating, \d+ bad configuration/.test(log)) {
    return new RedishaError({
      code: "SSH_CONFIG_INVALID",
      message: `ssh cannot read its configuration: ${cause.message}.`,
      exit: EXIT.usage,
      state: "nothing was connected to",
      cause,
    });
  }
  return closedEarly(server, cause);
}

function removal(log: string): string {
  return /remove with:\s*\n?\s*(ssh-keygen .*)/.exec(log)?.[1]?.trim() ?? "";
}

/** The last line that is not for debugging. */
function lastWords(log: string): string {
  const lines = log.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^debug\d:/.test(line));
  return (lines.at(-1) ?? "ssh ended without a word").trim().replace(/\.$/, "");
}

function coded(code: string, error: Error): Error {
  return Object.assign(error, { code });
}

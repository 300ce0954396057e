import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { fingerprint, type HostKeyName, type HostKeyVerdict, hostKeyType, lookupName } from "./known-hosts.ts";
import { quote } from "./quote.ts";

/** A server as messages name it. */
export interface Server {
  /** As redisha.yaml names the host, or the jump host as written. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
}

const NOTHING_RUN = "nothing was run on it";

/** `r1 (10.0.1.10:22)`. */
export function describeServer({ label, host, port }: Server): string {
  return `${label} (${host}:${port})`;
}

function failure(
  server: Server,
  code: string,
  message: string,
  next: readonly string[],
  cause?: unknown,
): RedishaError {
  const { label } = server;
  return new RedishaError({ code, message, host: label, exit: EXIT.cannotConnect, state: NOTHING_RUN, next, cause });
}

/** A TCP connection to sshd that could not be made, or a socket that broke, by the system's own code. */
export function socketFailure(server: Server, cause: unknown): RedishaError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const at = describeServer(server);
  const { host } = server;
  switch (code) {
    case "ECONNREFUSED":
      return failure(
        server,
        "SSH_REFUSED",
        `${at} refused the connection: no sshd listens there.`,
        [`check the port, and that sshd runs: systemctl status ssh`],
        cause,
      );
    case "ETIMEDOUT":
      return sshTimeout(server, "it did not answer", cause);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return failure(
        server,
        "SSH_UNREACHABLE",
        `There is no route to ${at}.`,
        [`ping ${host}`, `ip route get ${host}`],
        cause,
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
      return failure(
        server,
        "SSH_NAME_NOT_FOUND",
        `The name ${host} of ${server.label} cannot be resolved.`,
        [`getent hosts ${host}`],
        cause,
      );
    default:
      return closedEarly(server, cause);
  }
}

export function sshTimeout(server: Server, what: string, cause?: unknown): RedishaError {
  return failure(
    server,
    "SSH_TIMEOUT",
    `${describeServer(server)} cannot be reached: ${what}.`,
    [
      `a firewall may drop the packets: nc -vz ${server.host} ${server.port}`,
      "or allow it more time: `ssh: { connect_timeout: … }` in redisha.yaml",
    ],
    cause,
  );
}

/** The server hung up before anybody was logged in. */
export function closedEarly(server: Server, cause?: unknown): RedishaError {
  const why = cause === undefined ? "" : ` (${messageOf(cause)})`;
  return failure(
    server,
    "SSH_CLOSED",
    `${describeServer(server)} closed the connection before the login was done${why}.`,
    [
      "sshd may be at its limit of logins under way (MaxStartups) or refuse this address; its log says which: journalctl -u ssh",
    ],
    cause,
  );
}

export function noCommonAlgorithm(server: Server, cause: unknown): RedishaError {
  const what = messageOf(cause).replace(/^Handshake failed: /, "");
  return failure(
    server,
    "SSH_NO_COMMON_ALGORITHM",
    `${describeServer(server)} and redisha have no algorithm in common: ${what}.`,
    ["let redisha use the ssh program: `ssh: { adapter: openssh }` in redisha.yaml"],
    cause,
  );
}

export function authFailed(
  server: Server & { readonly user: string },
  tried: readonly string[],
  passedOver: readonly string[],
  wanted: readonly string[],
): RedishaError {
  const keys = tried.length > 0 ? `tried: ${tried.join(", ")}` : "there was no key to try";
  const skipped = passedOver.length > 0 ? `; not tried: ${passedOver.join(", ")}` : "";
  const accepts = wanted.length > 0 ? `; the server takes: ${wanted.join(", ")}` : "";
  return failure(
    server,
    "SSH_AUTH_FAILED",
    `${describeServer(server)} did not let ${server.user} in (${keys}${skipped}${accepts}).`,
    [
      `ssh-copy-id -p ${server.port} ${quote(`${server.user}@${server.host}`)}`,
      "name the key: `ssh: { identity: … }` in redisha.yaml, or load it: ssh-add",
    ],
  );
}

export function hostKeyRefused(
  server: Server,
  name: HostKeyName,
  files: readonly string[],
  key: Buffer,
  verdict: Exclude<HostKeyVerdict, { kind: "known" }>,
): RedishaError {
  const at = describeServer(server);
  const shown = `${hostKeyType(key)} ${fingerprint(key)}`;
  if (verdict.kind === "revoked") {
    const { file, line } = verdict.at;
    return failure(
      server,
      "SSH_HOST_KEY_REVOKED",
      `The host key of ${at}, ${shown}, is marked as revoked in ${file}:${line}.`,
      ["do not log in: whoever shows this key may not be the host"],
    );
  }
  if (verdict.kind === "changed") {
    const { file, line } = verdict.at;
    return failure(
      server,
      "SSH_HOST_KEY_CHANGED",
      `The host key of ${at} is not the one in ${file}:${line}: it shows ${shown}. Either the host was set up anew, or somebody is in between.`,
      [
        "compare the fingerprint on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        `if it is right: ssh-keygen -R ${quote(lookupName(name))} -f ${quote(file)}, then add the new key`,
      ],
    );
  }
  const file = files[0] ?? "~/.ssh/known_hosts";
  const others = verdict.otherTypes.length > 0 ? ` (known for it: ${verdict.otherTypes.join(", ")})` : "";
  return failure(server, "SSH_HOST_KEY_UNKNOWN", `The host key of ${at} is not known${others}: it shows ${shown}.`, [
    "compare the fingerprint on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
    `if it is right: ${addKeyCommand(name)} >> ${quote(file)}`,
    ...(verdict.authority
      ? ["its keys are signed by an authority, which only `ssh: { adapter: openssh }` can check"]
      : []),
  ]);
}

function addKeyCommand(name: HostKeyName): string {
  const scan = `ssh-keyscan ${name.port === 22 ? "" : `-p ${name.port} `}${quote(name.host)}`;
  // ssh-keyscan knows nothing of aliases: the name it prints is put right.
  return name.alias ? `${scan} | sed 's/^[^ ]*/${name.alias}/'` : scan;
}

/** A jump host that could not be passed; what was wrong with it stands in the message. */
export function jumpFailed(host: string, hop: string, cause: unknown): RedishaError {
  const next = cause instanceof RedishaError ? cause.next : [];
  return new RedishaError({
    code: "SSH_JUMP_FAILED",
    message: `${host} cannot be reached through the jump host ${hop}: ${messageOf(cause)}`,
    host,
    exit: EXIT.cannotConnect,
    state: NOTHING_RUN,
    next,
    cause,
  });
}

export function cancelled(server: Server, cause: unknown): RedishaError {
  return failure(server, "EXEC_CANCELLED", `Connecting to ${describeServer(server)} was cancelled.`, [], cause);
}

export function channelLimit(host: string, cause?: unknown): RedishaError {
  return new RedishaError({
    code: "SSH_CHANNEL_LIMIT",
    message: `${host} allows no session on this SSH connection.`,
    host,
    exit: EXIT.cannotConnect,
    state: NOTHING_RUN,
    next: ["look at MaxSessions in its sshd_config: sshd -T | grep -i maxsessions"],
    cause,
  });
}

export function forwardRefused(host: string, address: string, port: number, cause: unknown): RedishaError {
  return new RedishaError({
    code: "SSH_FORWARD_REFUSED",
    message: `sshd on ${host} does not allow a connection on to ${address}:${port}.`,
    host,
    exit: EXIT.cannotConnect,
    next: ["allow it in its sshd_config: AllowTcpForwarding yes (and PermitOpen, where set)"],
    cause,
  });
}

export function keyUnreadable(host: string, file: string, why: string, cause?: unknown): RedishaError {
  return new RedishaError({
    code: "SSH_KEY_UNREADABLE",
    message: `The SSH key ${file} for ${host} cannot be used: ${why}.`,
    host,
    exit: EXIT.cannotConnect,
    state: "nothing was sent to the host but a greeting",
    next: [`ssh-keygen -y -f ${file}`],
    cause,
  });
}

export function passphraseNeeded(host: string, file: string): RedishaError {
  return new RedishaError({
    code: "SSH_PASSPHRASE_NEEDED",
    message: `The SSH key ${file} for ${host} has a passphrase, and nobody gave it.`,
    host,
    exit: EXIT.cannotConnect,
    next: [`ssh-add ${file}`],
  });
}

/** sshd let the user in, but gives no file transfer session. */
export function sftpRefused(server: Server, cause: unknown): RedishaError {
  return failure(
    server,
    "SSH_SFTP_REFUSED",
    `${describeServer(server)} offers no SFTP: ${messageOf(cause)}.`,
    ["sshd_config needs a line such as: Subsystem sftp internal-sftp"],
    cause,
  );
}

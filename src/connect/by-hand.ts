import { quote, quoteAll } from "./quote.ts";
import type { HostTarget, RedisTarget } from "./types.ts";

/**
 * What a person types before a command to run it on a host, with all that redisha itself uses to get there:
 * `ssh -t -p 2222 -i /etc/keys/ops -J bastion ops@10.0.1.10`. Empty for this machine.
 */
export function shellByHand({ address, ssh }: HostTarget): string {
  if (ssh === "local") return "";
  const { configFile, port, identity, knownHosts, jump, user } = ssh;
  return quoteAll([
    // A terminal, so that redis-cli can ask for a password and sudo as well.
    ...["ssh", "-t"],
    ...(configFile ? ["-F", configFile] : []),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(identity ? ["-i", identity] : []),
    ...(knownHosts ? ["-o", `UserKnownHostsFile=${knownHosts}`] : []),
    ...(jump ? ["-J", jump] : []),
    user ? `${user}@${address}` : address,
  ]);
}

/** redis-cli with the options that this instance needs; a password is asked for, never part of it. */
export function redisCliByHand({ address, port, auth, tls }: Pick<RedisTarget, "address" | "port" | "auth" | "tls">) {
  return quoteAll([
    ...["redis-cli", "-h", address, "-p", String(port)],
    ...(tls ? ["--tls"] : []),
    ...(tls?.ca ? ["--cacert", tls.ca] : []),
    ...(tls?.cert ? ["--cert", tls.cert] : []),
    ...(tls?.key ? ["--key", tls.key] : []),
    ...(tls?.serverName ? ["--sni", tls.serverName] : []),
    ...(auth?.username ? ["--user", auth.username] : []),
    ...(auth?.password ? ["--askpass"] : []),
  ]);
}

/** A command after `shell`. It passes two shells then: what only the second may read is quoted for the first. */
export function typedOver(shell: string, command: string): string {
  if (shell === "") return command;
  const [words = "", note] = command.split(/ {2}(?=# )/);
  const remote = /["'\\*?|&;<>()$~]/.test(words) ? quote(words) : words;
  return [`${shell} ${remote}`, ...(note ? [note] : [])].join("  ");
}

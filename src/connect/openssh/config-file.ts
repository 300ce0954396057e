import { expandHome } from "../ssh-config.ts";
import type { SshSettings } from "../types.ts";

/**
 * An ssh_config for one connection: first what redisha.yaml says (the first value counts), then the user's own, whole:
 * Match blocks, certificates and tokens are ssh's business here. It also holds for jump hosts, which ssh reaches by
 * calling itself with this file; a jump host without a user of its own takes the target's.
 */
export function configFile(settings: SshSettings): string {
  const { identity, knownHosts, user } = settings;
  const included = settings.configFile ? [settings.configFile] : ["~/.ssh/config", "/etc/ssh/ssh_config"];
  return [
    "Host *",
    "  BatchMode yes",
    "  StrictHostKeyChecking yes",
    "  UpdateHostKeys no",
    "  VisualHostKey no",
    "  ServerAliveInterval 15",
    "  ServerAliveCountMax 3",
    `  ConnectTimeout ${Math.ceil(settings.connectTimeoutMs / 1_000)}`,
    "  ForwardAgent no",
    "  ForwardX11 no",
    "  PermitLocalCommand no",
    "  RemoteCommand none",
    "  RequestTTY no",
    "  EscapeChar none",
    ...(identity ? [`  IdentityFile ${quoted(identity)}`, "  IdentitiesOnly yes"] : []),
    ...(knownHosts ? [`  UserKnownHostsFile ${quoted(knownHosts)}`] : []),
    ...included.map((file) => `Include ${quoted(file)}`),
    ...(user ? ["Match all", `  User ${user}`] : []),
    "",
  ].join("\n");
}

function quoted(path: string): string {
  return `"${expandHome(path)}"`;
}

import { homedir, hostname, userInfo } from "node:os";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { parseDuration } from "../../core/units.ts";
import { expandHome, readSshConfig, type SshConfigValues, unsupported } from "../ssh-config.ts";
import type { HostTarget, SshSettings } from "../types.ts";

/** One SSH server on the way to a host, with all that is needed to log in to it. */
export interface Hop {
  /** What it is called in messages: the host's name in redisha.yaml, or the jump host as written. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyAlias: string | undefined;
  readonly knownHosts: readonly string[];
  readonly identities: readonly string[];
  /** Only these identities are tried; an agent may still hold their private halves. */
  readonly identitiesOnly: boolean;
  /** The identity was named in redisha.yaml: that it cannot be used is an error, not a reason to try others. */
  readonly identityRequired: boolean;
  readonly agent: string | undefined;
  readonly connectTimeoutMs: number;
  readonly family: 0 | 4 | 6;
  readonly bindAddress: string | undefined;
  readonly keepaliveMs: number;
  readonly keepaliveCount: number;
}

const DEFAULT_IDENTITIES = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];
const DEFAULT_KEEPALIVE_MS = 15_000;
const DEFAULT_KEEPALIVE_COUNT = 3;

/** A jump host whose own configuration names a jump host, and so on, this many times over is a loop. */
const MAX_DEPTH = 8;

/**
 * The servers to pass on the way to a host, itself last. What redisha.yaml says wins; ~/.ssh/config fills in the rest,
 * for jump hosts too. A jump host without a user or identity of its own in either takes the target's from redisha.yaml.
 */
export async function resolveRoute(target: HostTarget, settings: SshSettings): Promise<Hop[]> {
  const { user, port, configFile } = settings;
  const config = await readSshConfig(target.address, { user, configFile });
  const last = hopOf({ label: target.host, host: target.address, user, port }, settings, config);
  const before = await jumps(settings.jump ?? first(config, "proxyjump"), settings, 1);
  return [...before, last];
}

async function jumps(jump: string | undefined, settings: SshSettings, depth: number): Promise<Hop[]> {
  if (!jump || jump.toLowerCase() === "none") return [];
  if (depth > MAX_DEPTH) {
    throw new RedishaError({
      code: "SSH_CONFIG_INVALID",
      message: `ProxyJump leads in a circle by way of ${jump}.`,
      exit: EXIT.usage,
      state: "nothing was connected to",
    });
  }
  const hops = await Promise.all(
    jump.split(",").map(async (text, index) => {
      const label = text.trim();
      const place = parseJump(label);
      const config = await readSshConfig(place.host, { user: place.user, configFile: settings.configFile });
      // As in ssh, only the first host of a list is reached by a jump of its own.
      const before = index === 0 ? await jumps(first(config, "proxyjump"), settings, depth + 1) : [];
      return [...before, hopOf({ label, ...place, fallbackUser: settings.user }, settings, config)];
    }),
  );
  return hops.flat();
}

/** Where a hop is, by what was written of it alone. */
interface Place {
  readonly label: string;
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly fallbackUser?: string | undefined;
}

function hopOf(place: Place, settings: SshSettings, config: SshConfigValues): Hop {
  const source = settings.configFile ?? "~/.ssh/config";
  refuseUnsupported(config, `${source} (for ${place.host})`);
  const host = (first(config, "hostname") ?? place.host).replaceAll("%h", place.host).replaceAll("%%", "%");
  const port = place.port ?? Number(first(config, "port") ?? 22);
  const user = place.user ?? first(config, "user") ?? place.fallbackUser ?? userInfo().username;
  const alias = first(config, "hostkeyalias");
  const expand = (path: string) => expandTokens(path, { host, original: place.host, port, user, alias });
  const configured = (config.get("identityfile") ?? []).flat().filter((file) => file.toLowerCase() !== "none");
  const identities = settings.identity ? [settings.identity] : configured;
  const timeout = seconds(first(config, "connecttimeout"));
  const alive = seconds(first(config, "serveraliveinterval"));
  return {
    label: place.label,
    host,
    port,
    user,
    hostKeyAlias: alias,
    knownHosts: knownHostsFiles(settings, config).map(expand),
    identities: (identities.length > 0 ? identities : DEFAULT_IDENTITIES).map(expand),
    identitiesOnly: settings.identity !== undefined || first(config, "identitiesonly")?.toLowerCase() === "yes",
    identityRequired: settings.identity !== undefined,
    agent: agentSocket(first(config, "identityagent"), expand),
    connectTimeoutMs: Math.min(settings.connectTimeoutMs, timeout ?? Number.POSITIVE_INFINITY),
    family: { inet: 4 as const, inet6: 6 as const }[first(config, "addressfamily")?.toLowerCase() ?? ""] ?? 0,
    bindAddress: first(config, "bindaddress"),
    keepaliveMs: alive || DEFAULT_KEEPALIVE_MS,
    keepaliveCount: Number(first(config, "serveralivecountmax") ?? DEFAULT_KEEPALIVE_COUNT),
  };
}

/** Whatever would change where a connection goes or who is let in must not be passed over in silence. */
function refuseUnsupported(config: SshConfigValues, where: string): void {
  for (const keyword of ["ProxyCommand", "CertificateFile", "PKCS11Provider", "KnownHostsCommand"]) {
    const value = first(config, keyword.toLowerCase());
    if (value !== undefined && value.toLowerCase() !== "none") throw unsupported(keyword, where);
  }
  const canonicalize = first(config, "canonicalizehostname")?.toLowerCase() ?? "no";
  if (canonicalize !== "no") throw unsupported("CanonicalizeHostname", where);
}

function knownHostsFiles(settings: SshSettings, config: SshConfigValues): string[] {
  const listed = (keyword: string) =>
    config
      .get(keyword)?.[0]
      ?.flatMap((files) => files.split(/\s+/))
      .filter((file) => file.toLowerCase() !== "none");
  // The path in redisha.yaml is one file, whatever it holds; ssh_config lists several with spaces between them.
  const users = settings.knownHosts
    ? [settings.knownHosts]
    : (listed("userknownhostsfile") ?? ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]);
  return [...users, ...(listed("globalknownhostsfile") ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"])];
}

function agentSocket(configured: string | undefined, expand: (path: string) => string): string | undefined {
  if (configured === undefined || configured === "SSH_AUTH_SOCK") return process.env.SSH_AUTH_SOCK || undefined;
  if (configured.toLowerCase() === "none") return undefined;
  return configured.startsWith("$") ? process.env[configured.slice(1)] || undefined : expand(configured);
}

interface Tokens {
  readonly host: string;
  readonly original: string;
  readonly port: number;
  readonly user: string;
  readonly alias: string | undefined;
}

/** `~`, `${NAME}` and the percent tokens of ssh_config(5), "TOKENS", in a path. */
function expandTokens(path: string, { host, original, port, user, alias }: Tokens): string {
  const values: Record<string, string> = {
    "%": "%",
    d: homedir(),
    h: host,
    i: String(userInfo().uid),
    k: alias ?? original,
    L: hostname().split(".")[0] ?? "",
    l: hostname(),
    n: original,
    p: String(port),
    r: user,
    u: userInfo().username,
  };
  return expandHome(path)
    .replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? "")
    .replace(/%(.)/g, (whole, token: string) => values[token] ?? whole);
}

function first(config: SshConfigValues, keyword: string): string | undefined {
  return config.get(keyword)?.[0]?.[0];
}

/** Milliseconds of ssh's seconds, which may also be written `1m30s`. */
function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) * 1_000 : parseDuration(text);
}

/** `[user@]host[:port]`, with brackets around an IPv6 address, or `ssh://…`. */
export function parseJump(text: string): { user?: string; host: string; port?: number } {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text);
  const host = match?.[2] ?? match?.[3];
  if (!match || !host) {
    throw new RedishaError({
      code: "SSH_JUMP_INVALID",
      message: `\`${text}\` is no jump host: expected [user@]host[:port].`,
      exit: EXIT.usage,
      state: "nothing was touched",
    });
  }
  return { host, ...(match[1] ? { user: match[1] } : {}), ...(match[4] ? { port: Number(match[4]) } : {}) };
}

import { createHash, createHmac } from "node:crypto";
import { matchesPatterns } from "./patterns.ts";

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** The first field as written: names and patterns by comma, or one hashed name. */
  readonly names: string;
  readonly keyType: string;
  readonly key: Buffer;
}

/** How a host is looked up: by its name and port, or by a name of its own (HostKeyAlias) without a port. */
export interface HostKeyName {
  readonly host: string;
  readonly port: number;
  readonly alias?: string | undefined;
}

export type HostKeyVerdict =
  | { readonly kind: "known" }
  /** Nothing is known of a key of this type; perhaps of other types, or of an authority that signs keys. */
  | { readonly kind: "unknown"; readonly otherTypes: readonly string[]; readonly authority: boolean }
  | { readonly kind: "changed"; readonly at: KnownHost }
  | { readonly kind: "revoked"; readonly at: KnownHost };

const SSH_PORT = 22;

/** The entries of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Lines that are none are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith("@") ? fields.shift()?.slice(1) : undefined;
    const [names, keyType, key] = fields;
    if (!names || names.startsWith("#") || !keyType || !key) return [];
    if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") return [];
    return [{ file, line: index + 1, marker, names, keyType, key: Buffer.from(key, "base64") }];
  });
}

/**
 * What the known hosts say of a key that a host has shown. As in ssh: a revoked key is refused wherever it is listed for
 * the host; one matching entry is enough; and a host on another port may be known by its name alone, where that matches.
 */
export function judgeHostKey(entries: readonly KnownHost[], name: HostKeyName, key: Buffer): HostKeyVerdict {
  const keyType = hostKeyType(key);
  const own = entries.filter((entry) => names(entry, lookupName(name)));
  const bare = hasBareName(name) ? entries.filter((entry) => names(entry, name.host.toLowerCase())) : [];
  const revoked = [...own, ...bare].find((entry) => entry.marker === "revoked" && entry.key.equals(key));
  if (revoked) return { kind: "revoked", at: revoked };
  const keys = own.filter(({ marker }) => marker === undefined);
  const bareKeys = bare.filter(({ marker }) => marker === undefined);
  if ([...keys, ...bareKeys].some((entry) => entry.key.equals(key))) return { kind: "known" };
  const changed = keys.find((entry) => entry.keyType === keyType);
  if (changed) return { kind: "changed", at: changed };
  return {
    kind: "unknown",
    otherTypes: [...new Set(keys.map((entry) => entry.keyType))],
    authority: own.some(({ marker }) => marker === "cert-authority"),
  };
}

/** Types of the keys known for a host: a server is asked for one of these first, else it may show one that is not known. */
export function knownKeyTypes(entries: readonly KnownHost[], name: HostKeyName): string[] {
  const known = entries.filter(
    (entry) =>
      entry.marker === undefined &&
      (names(entry, lookupName(name)) || (hasBareName(name) && names(entry, name.host.toLowerCase()))),
  );
  return [...new Set(known.map(({ keyType }) => keyType))];
}

/** The name as it stands in known_hosts: `host`, or `[host]:port` for any port but 22. */
export function lookupName({ host, port, alias }: HostKeyName): string {
  if (alias) return alias.toLowerCase();
  return port === SSH_PORT ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** `SHA256:…` as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type that stands in a public key itself: a string with its length before it (RFC 4253, 6.6). */
export function hostKeyType(key: Buffer): string {
  return key.length < 4 ? "" : key.toString("latin1", 4, 4 + key.readUInt32BE(0));
}

function hasBareName({ port, alias }: HostKeyName): boolean {
  return port !== SSH_PORT && !alias;
}

function names(entry: KnownHost, name: string): boolean {
  if (!entry.names.startsWith("|1|")) return matchesPatterns(entry.names.toLowerCase().split(","), name);
  const [salt, hash] = entry.names.slice(3).split("|");
  if (!salt || !hash) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest().equals(Buffer.from(hash, "base64"));
}

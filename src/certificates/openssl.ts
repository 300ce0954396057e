import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { systemCode } from "../core/files.ts";

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Wanted {
  /** Organisation and name, as `openssl x509 -subject` shows them. */
  readonly organisation: string;
  readonly name: string;
  readonly days: number;
  /** Addresses and host names that it is good for; none for an authority. */
  readonly names: readonly string[];
}

/** Addresses that a server is reached at on its own machine. */
const OWN = ["127.0.0.1", "::1", "localhost"];

/**
 * Makes an authority: an EC P-256 key and a certificate that may sign those of servers, and no other authority.
 * `scratch` is a folder of redisha's own. Fails with OPENSSL_MISSING or OPENSSL_FAILED.
 */
export function makeAuthority(wanted: Omit<Wanted, "names">, scratch: string): Promise<KeyPair> {
  return withKey({ ...wanted, names: [] }, scratch, async ({ folder, passphrase, config }) => {
    const certificate = join(folder, "made.crt");
    await openssl(
      [
        ...["req", "-x509", "-new", "-config", config, "-extensions", "authority", "-sha256"],
        ...["-key", join(folder, "key.pem"), "-passin", "stdin"],
        ...["-days", String(wanted.days), "-set_serial", serial(), "-out", certificate],
      ],
      passphrase,
    );
    return readFile(certificate, "utf8");
  });
}

/**
 * Has an authority sign a certificate for a new EC P-256 key: for a server, and for a client, since replicas and Sentinels
 * are clients of other servers. Fails as `makeAuthority` does.
 */
export function issueCertificate(authority: KeyPair, wanted: Wanted, scratch: string): Promise<KeyPair> {
  return withKey(wanted, scratch, async ({ folder, passphrase, config }) => {
    const at = (name: string) => join(folder, name);
    await writeFile(at("ca.crt"), authority.certificate);
    await writeFile(at("ca.pem"), await encrypted(authority.key, passphrase), { mode: 0o600 });
    const request = ["req", "-new", "-config", config, "-key", at("key.pem"), "-passin", "stdin", "-out", at("csr")];
    await openssl(request, passphrase);
    await openssl(
      [
        ...["x509", "-req", "-in", at("csr"), "-sha256", "-CA", at("ca.crt"), "-CAkey", at("ca.pem")],
        ...["-passin", "stdin", "-days", String(wanted.days), "-set_serial", serial()],
        ...["-extfile", config, "-extensions", "server", "-out", at("made.crt")],
      ],
      passphrase,
    );
    return readFile(at("made.crt"), "utf8");
  });
}

interface Workplace {
  readonly folder: string;
  readonly passphrase: string;
  readonly config: string;
}

/** Keys reach openssl in files that only a passphrase opens, which is written nowhere: whatever is left of a crash tells none. */
async function withKey(wanted: Wanted, scratch: string, sign: (at: Workplace) => Promise<string>): Promise<KeyPair> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const passphrase = randomBytes(24).toString("hex");
  const folder = await mkdtemp(join(scratch, ".signing-"));
  try {
    await writeFile(join(folder, "key.pem"), await encrypted(key, passphrase), { mode: 0o600 });
    const config = join(folder, "openssl.cnf");
    await writeFile(config, configOf(wanted));
    return { certificate: await sign({ folder, passphrase, config }), key };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function encrypted(key: string, passphrase: string): Promise<string> {
  const { createPrivateKey } = await import("node:crypto");
  const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
  return createPrivateKey(key).export(options).toString();
}

/** The machine's own openssl.cnf has no say. */
function configOf({ organisation, name, names }: Wanted): string {
  const all = [...new Set([...names, ...OWN])].map((each) => `${isIP(each) === 0 ? "DNS" : "IP"}:${each}`);
  return `[req]
prompt = no
string_mask = utf8only
distinguished_name = subject
[subject]
O = ${organisation}
CN = ${name}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = ${all.join(", ")}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
}

/** Random, as RFC 5280 wants it to be unique: positive, and no more than twenty bytes. */
function serial(): string {
  return `0x4${randomBytes(16).toString("hex").slice(1)}`;
}

function openssl(args: readonly string[], passphrase: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "openssl",
      [...args],
      { env: { PATH: process.env.PATH ?? "", LC_ALL: "C" } },
      (error, _, said) => {
        if (error) reject(systemCode(error) === "ENOENT" ? missing() : failed(args[0] ?? "", said, error));
        else resolve();
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(`${passphrase}\n`);
  });
}

function missing(): RedishaError {
  return new RedishaError({
    code: "OPENSSL_MISSING",
    message: "openssl is needed to sign certificates, and was not found on this machine.",
    exit: EXIT.usage,
    state: "no certificate was made",
    next: ["apt-get install openssl", "or give certificates that were made elsewhere: tls.files in redisha.yaml"],
  });
}

function failed(verb: string, said: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "OPENSSL_FAILED",
    message: `openssl ${verb} failed: ${said.trim().split("\n").slice(-2).join("; ")}`,
    state: "no certificate was made",
    next: ["openssl version  # 1.1.1 or later is needed"],
    cause,
  });
}

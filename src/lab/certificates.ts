import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { needProgram, runProgram } from "./programs.ts";
import type { LabSpec } from "./spec.ts";

/** The certificate of the lab's own authority, below the lab's folder. */
export const CA_FILE = join("tls", "ca.crt");

/** Where a host's key and certificate stand, below the lab's folder. */
export function certificateOf(host: string): { readonly cert: string; readonly key: string } {
  return { cert: join("tls", `${host}.crt`), key: join("tls", `${host}.key`) };
}

const DAYS = "3650";

/** Makes an authority of the lab's own and for every host a certificate that names its address and its name. */
export async function createCertificates(spec: LabSpec): Promise<void> {
  if (!spec.tls) return;
  const openssl = needProgram("openssl", "a lab with TLS", "openssl", "redisha lab up without --tls");
  const at = (path: string): string => join(spec.folder, path);
  await mkdir(at("tls"), { mode: 0o700 });
  await writeFile(at("tls/openssl.cnf"), opensslConfig(spec));
  const create = (name: string, extensions: string, signedBy: readonly string[]): Promise<string> =>
    runProgram(
      [
        ...([openssl, "req", "-x509", "-config", at("tls/openssl.cnf"), "-extensions", extensions] as const),
        ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256", "-days", DAYS],
        ...[
          "-subj",
          `/O=redisha lab/CN=${name}`,
          "-keyout",
          at(`tls/${extensions}.key`),
          "-out",
          at(`tls/${extensions}.crt`),
        ],
        ...signedBy,
      ],
      spec.folder,
    );
  await create(`CA of ${spec.name}`, "ca", []);
  const signedByOurs = ["-CA", at(CA_FILE), "-CAkey", at("tls/ca.key")];
  await Promise.all(spec.hosts.map((host) => create(host.name, host.name, signedByOurs)));
}

/** One section of extensions for the authority and one per host; the machine's own openssl.cnf has no say. */
function opensslConfig(spec: LabSpec): string {
  const hosts = spec.hosts.map(
    (host) => `[${host.name}]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = IP:${host.address}, DNS:${host.name}
`,
  );
  return `[req]
distinguished_name = subject
[subject]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
${hosts.join("")}`;
}

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { issueCertificate, makeAuthority } from "../certificates/openssl.ts";
import { needProgram } from "./programs.ts";
import type { LabSpec } from "./spec.ts";

/** The folder of the lab's own authority, laid out as redisha keeps one, below the lab's folder. */
export const AUTHORITY = "tls";

/** The certificate of that authority, for clients. */
export const CA_FILE = join(AUTHORITY, "ca.crt");

/** What servers of a host trust, below the lab's folder: theirs alone, as on a machine of its own. */
export function trustOf(host: string): string {
  return join(AUTHORITY, `${host}-ca.crt`);
}

/** Where a host's certificate and key stand, below the lab's folder: in one file, so that both are replaced at one moment. */
export function certificateOf(host: string): string {
  return join("tls", `${host}.pem`);
}

const DAYS = 3650;

/** Makes an authority of the lab's own and for every host a certificate that names its address and its name. */
export async function createCertificates(spec: LabSpec): Promise<void> {
  if (!spec.tls) return;
  needProgram("openssl", "a lab with TLS", "openssl", "redisha lab up without --tls");
  const folder = join(spec.folder, "tls");
  await mkdir(folder, { mode: 0o700 });
  const about = { organisation: "redisha lab", days: DAYS };
  const authority = await makeAuthority({ ...about, name: `CA of ${spec.name}` }, folder);
  for (const path of [CA_FILE, join(AUTHORITY, "current.crt"), ...spec.hosts.map(({ name }) => trustOf(name))]) {
    await writeFile(join(spec.folder, path), authority.certificate);
  }
  await writeFile(join(folder, "current.key"), authority.key, { mode: 0o600 });
  await Promise.all(
    spec.hosts.map(async ({ name, address }) => {
      const made = await issueCertificate(authority, { ...about, name, names: [address, name] }, folder);
      const path = join(spec.folder, certificateOf(name));
      await writeFile(path, `${made.certificate}${made.key}`, { mode: 0o600 });
    }),
  );
}

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../core/files.ts";
import { scrubber } from "../core/scrub.ts";
import type { Deployment } from "../inventory/model.ts";
import { type AuthorityPlace, authoritiesOf, signingAuthority } from "./authority-folder.ts";
import { authorityOf } from "./material.ts";
import { issueCertificate } from "./openssl.ts";
import { certificatesIn, isSignedBy } from "./read.ts";

/** While one authority takes the place of another: the one to come, or the one that is to stay if it does not. */
export type Signer = "newest" | "current";

/** Clients whose certificate is missing, about to end, or of another authority than the one that signs now. */
export async function clientsDue(deployment: Deployment, by: Signer = "newest"): Promise<string[]> {
  const { serverTls } = deployment;
  const place = authorityOf(deployment);
  if (!serverTls || !place) return [];
  const { current, next } = await authoritiesOf(place);
  const authority = certificatesIn((by === "newest" ? next : undefined) ?? current ?? "");
  const checked = await Promise.all(
    serverTls.clientNames.map(async (name) => {
      const [leaf] = certificatesIn((await textOf(join(folderOf(place), `${name}.crt`))) ?? "");
      const hasKey = (await textOf(join(folderOf(place), `${name}.key`))) !== undefined;
      const left = (leaf?.validToDate.getTime() ?? 0) - Date.now();
      const good = leaf !== undefined && hasKey && isSignedBy(leaf, authority) && left >= serverTls.renewBeforeMs;
      return good ? [] : [name];
    }),
  );
  return checked.flat();
}

/** Makes those that are due, `clients/NAME.crt` and `.key` in the folder of the authority; gives their names. */
export async function makeClients(deployment: Deployment, by: Signer): Promise<string[]> {
  const place = authorityOf(deployment);
  const due = await clientsDue(deployment, by);
  if (!place || due.length === 0) return [];
  const authority = await signingAuthority(place, by);
  await mkdir(folderOf(place), { recursive: true, mode: 0o700 });
  for (const name of due) {
    const wanted = { organisation: "redisha", name, days: deployment.serverTls?.days ?? 0, names: [] };
    const { certificate, key } = await issueCertificate(authority, wanted, place.folder);
    scrubber.learn(key.trim());
    const at = (kind: string) => join(folderOf(place), `${name}.${kind}`);
    await writeFile(at("crt.part"), certificate, { mode: 0o644, flush: true });
    await writeFile(at("key.part"), key, { mode: 0o600, flush: true });
    // In between there is none, which is seen and made again; a certificate with another's key would not be.
    await rm(at("crt"), { force: true });
    await rename(at("key.part"), at("key"));
    await rename(at("crt.part"), at("crt"));
  }
  return due;
}

function folderOf({ folder }: Pick<AuthorityPlace, "folder">): string {
  return join(folder, "clients");
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
}

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

/** What of a deployment says which clients get one, and who signs. */
type WithCertificates = Pick<Deployment, "name" | "serverTls">;

/** A certificate and its key, as PEM. */
interface Pair {
  readonly crt: string;
  readonly key: string;
}

/** Clients whose certificate is missing, about to end, or of another authority than the one that signs now. */
export async function clientsDue(deployment: WithCertificates, by: Signer = "newest"): Promise<string[]> {
  const { serverTls } = deployment;
  const place = authorityOf(deployment);
  if (!serverTls || !place) return [];
  const fits = await fitting(place, by, serverTls.renewBeforeMs);
  const checked = await Promise.all(
    serverTls.clientNames.map(async (name) => (fits(await readPair(folderOf(place), name)) ? [] : [name])),
  );
  return checked.flat();
}

/**
 * Makes those that are due, `clients/NAME.crt` and `.key` in the folder of the authority; gives their names. What was there
 * is kept below `previous`, and taken from there where it is the one that fits: whoever has it goes on to have the right one.
 */
export async function makeClients(deployment: WithCertificates, by: Signer): Promise<string[]> {
  const { serverTls } = deployment;
  const place = authorityOf(deployment);
  const due = await clientsDue(deployment, by);
  if (!place || !serverTls || due.length === 0) return [];
  const fits = await fitting(place, by, serverTls.renewBeforeMs);
  const folder = folderOf(place);
  const kept = join(folder, "previous");
  await mkdir(kept, { recursive: true, mode: 0o700 });
  for (const name of due) {
    const [now, before] = await Promise.all([readPair(folder, name), readPair(kept, name)]);
    const pair = before && fits(before) ? before : await issued(name, serverTls.days, place, by);
    if (now) await writePair(kept, name, now);
    await writePair(folder, name, pair);
  }
  return due;
}

/** Tells whether a pair is of the authority that signs, and good for long enough. */
async function fitting(place: AuthorityPlace, by: Signer, renewBeforeMs: number) {
  const { current, next } = await authoritiesOf(place);
  const authority = certificatesIn((by === "newest" ? next : undefined) ?? current ?? "");
  return (pair: Pair | undefined): boolean => {
    const [leaf] = certificatesIn(pair?.crt ?? "");
    const left = (leaf?.validToDate.getTime() ?? 0) - Date.now();
    return leaf !== undefined && isSignedBy(leaf, authority) && left >= renewBeforeMs;
  };
}

async function issued(name: string, days: number, place: AuthorityPlace, by: Signer): Promise<Pair> {
  const authority = await signingAuthority(place, by);
  const { certificate, key } = await issueCertificate(
    authority,
    { organisation: "redisha", name, days, names: [] },
    place.folder,
  );
  scrubber.learn(key.trim());
  return { crt: certificate, key };
}

/** Undefined where one of both is missing. */
async function readPair(folder: string, name: string): Promise<Pair | undefined> {
  const [crt, key] = await Promise.all(["crt", "key"].map((kind) => textOf(join(folder, `${name}.${kind}`))));
  return crt === undefined || key === undefined ? undefined : { crt, key };
}

async function writePair(folder: string, name: string, { crt, key }: Pair): Promise<void> {
  const at = (kind: string) => join(folder, `${name}.${kind}`);
  await writeFile(at("crt.part"), crt, { mode: 0o644, flush: true });
  await writeFile(at("key.part"), key, { mode: 0o600, flush: true });
  // In between there is none, which is seen and made again; a certificate with another's key would not be.
  await rm(at("crt"), { force: true });
  await rename(at("key.part"), at("key"));
  await rename(at("crt.part"), at("crt"));
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

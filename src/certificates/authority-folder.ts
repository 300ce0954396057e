import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { systemCode } from "../core/files.ts";
import { scrubber } from "../core/scrub.ts";
import { ageDecryption } from "../repository/age/decrypt.ts";
import { ageEncryption } from "../repository/age/encrypt.ts";
import { identityNeeded, readIdentities } from "../repository/age/identities.ts";
import { readRecipients } from "../repository/age/recipients.ts";
import { type KeyPair, makeAuthority } from "./openssl.ts";
import { bundle } from "./read.ts";

/** Where the authority of a deployment lives on the operator's machine. */
export interface AuthorityPlace {
  readonly folder: string;
  readonly deployment: string;
  readonly days: number;
  /** age recipients that its key is encrypted to; none: the key is a file that only its owner reads. */
  readonly recipients: readonly string[];
  /** Files of age keys that decrypt it. */
  readonly identities: readonly string[];
}

/** `next` is there while one authority takes the place of another, `previous` after that, for going back. */
export type Slot = "current" | "next" | "previous";

/** What clients are to trust: the file that `tls.ca` names where it is not declared. */
const TRUST_FILE = "ca.crt";

/** Certificates of the authorities that are there; no key is read. */
export async function authoritiesOf({ folder }: AuthorityPlace): Promise<Partial<Record<Slot, string>>> {
  const slots = ["current", "next", "previous"] as const;
  const found = await Promise.all(
    slots.map(async (slot) => [slot, await textOf(join(folder, `${slot}.crt`))] as const),
  );
  return Object.fromEntries(found.filter(([, text]) => text !== undefined));
}

/** Makes the authority of a slot where it is not there yet. True where it was made. */
export async function ensureAuthority(place: AuthorityPlace, slot: "current" | "next"): Promise<boolean> {
  const { folder, deployment, days, recipients } = place;
  if ((await authoritiesOf(place))[slot] !== undefined) {
    await writeTrust(place);
    return false;
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Whoever keeps redisha.yaml in a repository must not put the key there by accident.
  await writeFile(join(folder, ".gitignore"), "*.key\n.signing-*\n");
  const made = await makeAuthority({ organisation: "redisha", name: `authority of ${deployment}`, days }, folder);
  scrubber.learn(made.key.trim());
  const age = await readRecipients(recipients);
  await rm(join(folder, `${slot}.key`), { force: true });
  await rm(join(folder, `${slot}.key.age`), { force: true });
  if (age) await write(join(folder, `${slot}.key.age`), await through(await ageEncryption(age), made.key), 0o600);
  else await write(join(folder, `${slot}.key`), made.key, 0o600);
  // Last: where the certificate is, the key is, too.
  await write(join(folder, `${slot}.crt`), made.certificate, 0o644);
  await writeTrust(place);
  return true;
}

/** The authority that signs: the newest is the next one, where there is one. Fails with AUTHORITY_MISSING or AUTHORITY_KEY_MISSING. */
export async function signingAuthority(
  place: AuthorityPlace,
  which: "newest" | "current" = "newest",
): Promise<KeyPair> {
  const { current, next: coming } = await authoritiesOf(place);
  const next = which === "current" ? undefined : coming;
  const certificate = next ?? current;
  if (certificate === undefined) throw noAuthority(place);
  const slot = next === undefined ? "current" : "next";
  const plain = join(place.folder, `${slot}.key`);
  const key = (await textOf(plain)) ?? (await decrypted(`${plain}.age`, place));
  if (key === undefined) throw noKey(place, slot);
  scrubber.learn(key.trim());
  return { certificate, key };
}

/** The next authority becomes the one that is trusted; the one before is kept. True where there was a next one. */
export async function settleAuthority(place: AuthorityPlace): Promise<boolean> {
  const { next } = await authoritiesOf(place);
  if (next === undefined) return false;
  await move(place, "current", "previous");
  await move(place, "next", "current");
  await writeTrust(place);
  return true;
}

/** Takes settleAuthority back. */
export async function unsettleAuthority(place: AuthorityPlace): Promise<void> {
  const { next, previous } = await authoritiesOf(place);
  if (next === undefined && previous !== undefined) await move(place, "current", "next");
  if ((await authoritiesOf(place)).current === undefined) await move(place, "previous", "current");
  await writeTrust(place);
}

/** Takes a next authority away that nobody came to trust for good. */
export async function dropNext(place: AuthorityPlace): Promise<void> {
  for (const name of ["next.crt", "next.key", "next.key.age"]) await rm(join(place.folder, name), { force: true });
  await writeTrust(place);
}

/**
 * The certificate goes last: as long as it is there, the move is not done, and to begin it again goes on where it was cut
 * off. A slot without one is empty, whatever else lies there.
 */
async function move(place: AuthorityPlace, from: Slot, to: Slot): Promise<void> {
  if ((await authoritiesOf(place))[from] === undefined) return;
  const at = (slot: Slot, kind: string) => join(place.folder, `${slot}.${kind}`);
  await rm(at(to, "crt"), { force: true });
  for (const [kind, other] of [
    ["key", "key.age"],
    ["key.age", "key"],
  ] as const) {
    const moved = await rename(at(from, kind), at(to, kind)).then(() => true, unlessAbsent);
    if (moved) await rm(at(to, other), { force: true });
  }
  await rename(at(from, "crt"), at(to, "crt"));
}

async function writeTrust(place: AuthorityPlace): Promise<void> {
  const { current = "", next = "" } = await authoritiesOf(place);
  const path = join(place.folder, TRUST_FILE);
  const wanted = bundle(current, next);
  if ((await textOf(path)) !== wanted) await write(path, wanted, 0o644);
}

async function write(path: string, content: string | Buffer, mode: number): Promise<void> {
  await writeFile(`${path}.part`, content, { mode, flush: true });
  await rename(`${path}.part`, path);
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(unlessAbsent);
}

function unlessAbsent(error: unknown): undefined {
  if (systemCode(error) === "ENOENT") return undefined;
  throw error;
}

async function decrypted(path: string, { identities }: AuthorityPlace): Promise<string | undefined> {
  const sealed = await readFile(path).catch(unlessAbsent);
  if (sealed === undefined) return undefined;
  const keys = await readIdentities(identities);
  if (!keys) throw identityNeeded(path, ["the recipients of backup.encrypt_to"]);
  return (await through(ageDecryption(keys, path), sealed)).toString("utf8");
}

async function through(stream: NodeJS.ReadWriteStream, content: string | Buffer): Promise<Buffer> {
  const { buffer } = await import("node:stream/consumers");
  const done = buffer(stream);
  stream.end(content);
  return done;
}

function noAuthority({ folder }: AuthorityPlace): RedishaError {
  return new RedishaError({
    code: "AUTHORITY_MISSING",
    message: `There is no authority in ${folder} yet, or it lies on another machine.`,
    exit: EXIT.usage,
    state: "no certificate was made",
    next: ["redisha init makes one", `copy ${folder} from the machine that has it`],
  });
}

function noKey({ folder }: AuthorityPlace, slot: Slot): RedishaError {
  return new RedishaError({
    code: "AUTHORITY_KEY_MISSING",
    message: `The certificate of the authority is in ${folder}, its key is not: nothing can be signed here.`,
    exit: EXIT.usage,
    state: "no certificate was made",
    next: [`copy ${slot}.key or ${slot}.key.age from the machine that has it`],
  });
}

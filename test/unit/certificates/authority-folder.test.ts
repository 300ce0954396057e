import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type AuthorityPlace,
  authoritiesOf,
  dropNext,
  ensureAuthority,
  settleAuthority,
  signingAuthority,
  unsettleAuthority,
} from "../../../src/certificates/authority-folder.ts";
import { issueCertificate } from "../../../src/certificates/openssl.ts";
import { certificatesIn, isSignedBy, namesMissing } from "../../../src/certificates/read.ts";

let folder: string;
let place: AuthorityPlace;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-authority-"));
  place = { folder, deployment: "shop", days: 30, recipients: [], identities: [] };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const trusted = async () => certificatesIn(await readFile(join(folder, "ca.crt"), "utf8"));

it("makes an authority once, whose key only its owner reads, and which signs for all names of a host", async () => {
  expect(await ensureAuthority(place, "current")).toBe(true);
  expect(await ensureAuthority(place, "current")).toBe(false);
  expect((await stat(join(folder, "current.key"))).mode & 0o777).toBe(0o600);
  const wanted = { organisation: "redisha", name: "r1", days: 3, names: ["10.0.0.1", "fd00::1", "r1.example"] };
  const { certificate } = await issueCertificate(await signingAuthority(place), wanted, folder);
  const [leaf] = certificatesIn(certificate);
  if (!leaf) throw new Error("no certificate");
  expect(isSignedBy(leaf, await trusted())).toBe(true);
  expect(namesMissing(leaf, [...wanted.names, "127.0.0.1", "10.0.0.2"])).toEqual(["10.0.0.2"]);
  expect((await readdir(folder)).filter((name) => name.startsWith(".signing"))).toEqual([]);
});

it("trusts both authorities until one has taken the place of the other, and goes back to the one before", async () => {
  await ensureAuthority(place, "current");
  const first = (await authoritiesOf(place)).current;
  await ensureAuthority(place, "next");
  const second = (await authoritiesOf(place)).next;
  expect(await trusted()).toHaveLength(2);
  expect((await signingAuthority(place)).certificate).toBe(second);
  await settleAuthority(place);
  expect(await settleAuthority(place)).toBe(false);
  expect(await authoritiesOf(place)).toEqual({ current: second, previous: first });
  expect(await trusted()).toHaveLength(1);
  await unsettleAuthority(place);
  expect(await authoritiesOf(place)).toEqual({ current: first, next: second });
  await dropNext(place);
  expect(await authoritiesOf(place)).toEqual({ current: first });
  expect((await signingAuthority(place)).certificate).toBe(first);
});

it("leaves no key in clear where there are recipients, and signs for who has an identity", async () => {
  const identity = await generateX25519Identity();
  await writeFile(join(folder, "identity"), identity);
  const sealed = { ...place, recipients: [await identityToRecipient(identity)] };
  await ensureAuthority(sealed, "current");
  expect(await readdir(folder)).not.toContain("current.key");
  await expect(signingAuthority(sealed)).rejects.toMatchObject({ code: "AGE_IDENTITY_NEEDED" });
  const { key } = await signingAuthority({ ...sealed, identities: [join(folder, "identity")] });
  expect(key).toContain("PRIVATE KEY");
});

import { createHash } from "node:crypto";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { backupFolder, MANIFEST, MANIFEST_DIGEST, VERIFICATIONS } from "./layout.ts";
import { filesOf, type Manifest, manifestSchema, type Verification, verificationSchema } from "./manifest.ts";
import type { Repository } from "./repository.ts";
import { toJson } from "./small-object.ts";
import { objectExists } from "./store-errors.ts";

/**
 * Makes a backup of what was stored under its id: looks that every file is there with its size, then writes the manifest.
 * The backup counts from the moment that this returns, or not at all. Fails with BACKUP_INCOMPLETE or OBJECT_EXISTS.
 */
export async function commitBackup({ store, deployment }: Repository, manifest: Manifest): Promise<void> {
  const folder = backupFolder(deployment, manifest.id);
  const content = toJson(manifestSchema.parse(manifest));
  for (const { name, size_stored } of filesOf(manifest)) {
    const found = await store.stat(`${folder}${name}`);
    if (found?.size !== size_stored) throw incomplete(manifest.id, name, found?.size, size_stored);
  }
  const digest = `${createHash("sha256").update(content).digest("hex")}  ${MANIFEST}\n`;
  // An earlier attempt may have left a digest; a manifest it has not left.
  await store.replace(`${folder}${MANIFEST_DIGEST}`, Buffer.from(digest));
  if (!(await store.create(`${folder}${MANIFEST}`, content))) throw objectExists(store.shown, `${folder}${MANIFEST}`);
}

/** Writes down what a later look at a backup found, beside its manifest. */
export async function recordVerification(
  { store, deployment }: Repository,
  id: string,
  verification: Verification,
): Promise<void> {
  const name = verification.at.replace(/[-:.]/g, "");
  const key = `${backupFolder(deployment, id)}${VERIFICATIONS}${name}-${verification.level}.json`;
  await store.replace(key, toJson(verificationSchema.parse(verification)));
}

function incomplete(id: string, name: string, found: number | undefined, wanted: number): RedishaError {
  return new RedishaError({
    code: "BACKUP_INCOMPLETE",
    message: `${name} of the backup ${id} ${found === undefined ? "is not there" : `has ${found} bytes`}; ${wanted} bytes were stored.`,
    exit: EXIT.verificationFailed,
    state: "the backup was not finished and does not count",
    next: ["redisha backup"],
  });
}

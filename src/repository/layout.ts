/**
 * Where things stand in a repository:
 *
 *     redisha-repo.json                               what this is, and its id
 *     <deployment>/backups/<id>/shards/<shard>/…      stored files
 *     <deployment>/backups/<id>/meta/…
 *     <deployment>/backups/<id>/manifest.json.sha256  digest of the manifest, for `sha256sum -c`
 *     <deployment>/backups/<id>/manifest.json         written last: the backup counts from here on
 *     <deployment>/backups/<id>/hold.json             it never expires
 *     <deployment>/backups/<id>/verifications/<at>.json
 *     <deployment>/locks/<id>.json
 */
export const REPOSITORY_KEY = "redisha-repo.json";

export function backupsFolder(deployment: string): string {
  return `${deployment}/backups/`;
}

export function backupFolder(deployment: string, id: string): string {
  return `${deployment}/backups/${id}/`;
}

export function locksFolder(deployment: string): string {
  return `${deployment}/locks/`;
}

/** Names in the folder of a backup that are not stored files. */
export const MANIFEST = "manifest.json";
export const MANIFEST_DIGEST = "manifest.json.sha256";
export const HOLD = "hold.json";
export const VERIFICATIONS = "verifications/";

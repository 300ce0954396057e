/** Folders of a run, in the folder of the server's data: on the same disk, so that files go there and back by renaming. */
export function stagingFolder(dir: string, run: string): string {
  return `${dir}/.redisha-restore-${run}`;
}

/** Where the data lies that was there before. It stays when the restore has ended well, for the operator to remove. */
export function asideFolder(dir: string, run: string): string {
  return `${dir}/.redisha-rollback-${run}`;
}

/** Name of the snapshot in the staging folder. */
export const STAGED = "dump.rdb";

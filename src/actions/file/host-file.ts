import { posix } from "node:path";
import { z } from "zod";
import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import type { PlannedCommand } from "../../engine/plan.ts";

/** A file of a host as it is: what tells whether it is the wanted one. */
export interface HostFile {
  readonly sha256: string;
  /** `user:group` */
  readonly owner: string;
  /** Octal, as `0640`. */
  readonly mode: string;
}

/** Digest, owner and mode of `$1`, the last two of the file behind a symbolic link. */
const LOOK = `
[ -e "$1" ] || { echo absent; exit 0; }
[ -f "$1" ] || { echo "no regular file" >&2; exit 1; }
sha256sum -- "$1" | cut -d ' ' -f 1
stat -L -c '%U:%G %a' -- "$1"
`;

/** What the file is like now; undefined where there is none. Fails with HOST_FILE_NOT_READ. */
export async function lookAtFile(
  shell: HostConnection,
  path: string,
  signal: AbortSignal,
): Promise<HostFile | undefined> {
  const { code, stdout, stderr } = await shell.script(LOOK, [path], { become: true, signal });
  const [sha256 = "", rest = ""] = stdout.trim().split("\n");
  if (code === 0 && sha256 === "absent") return undefined;
  const [owner = "", mode = ""] = rest.split(" ");
  if (code === 0 && /^[0-9a-f]{64}$/.test(sha256) && mode !== "") {
    return { sha256, owner, mode: mode.padStart(4, "0") };
  }
  throw new RedishaError({
    code: "HOST_FILE_NOT_READ",
    message: `Could not look at ${path} on ${shell.host}: ${stderr.trim().split("\n").at(-1) || `status ${code}`}.`,
    host: shell.host,
    state: "nothing was changed by this step",
  });
}

/** Where files that were replaced are kept on their host, below the run's id: contents may be secret, and belong in no journal. */
const KEPT = "/var/lib/redisha/kept";

/** Copies `$1` to `$2`, in folders that only root may enter; a copy that is there already is the older one, and stays. */
const KEEP = `
set -e
umask 077
mkdir -p -- "$(dirname -- "$2")"
if [ -e "$2" ]; then exit 0; fi
cp -p -- "$1" "$2.part"
sync -- "$2.part" 2>/dev/null || sync
mv -f -- "$2.part" "$2"
`;

/** A file that is going to be replaced: where it will be kept, null where there is none. */
export type KeptFile = { readonly path: string; readonly kept: string | null } & Partial<HostFile>;

/** Where a file would be kept, and what it is like. Reads only: plans ask it too. */
export async function placeToKeep(
  shell: HostConnection,
  path: string,
  run: string,
  signal: AbortSignal,
): Promise<KeptFile> {
  const found = await lookAtFile(shell, path, signal);
  return found ? { path, kept: posix.join(KEPT, run, path), ...found } : { path, kept: null };
}

/** Keeps a file on its host, before it is replaced. Fails with FILE_NOT_KEPT. */
export async function keepFile(
  shell: HostConnection,
  { path, kept }: Pick<KeptFile, "path" | "kept">,
  signal: AbortSignal,
): Promise<void> {
  if (kept === null) return;
  const { code, stderr } = await shell.script(KEEP, [path, kept], { become: true, signal });
  if (code === 0) return;
  throw new RedishaError({
    code: "FILE_NOT_KEPT",
    message: `${path} on ${shell.host} cannot be copied to ${kept}, so it is not replaced: ${stderr.trim().split("\n").at(-1)}`,
    host: shell.host,
    state: "the file is as it was",
  });
}

/** What `before` of an action that replaces files captured, as it comes back to `run`. */
export const keptSchema = z.object({
  path: z.string(),
  kept: z.string().nullable(),
  sha256: z.string().optional().describe("Of the file that was there"),
});

/** Commands that put files back, as a plan shows them. */
export function restoreCommands(files: readonly z.infer<typeof keptSchema>[]): PlannedCommand[] {
  return files.map(({ path, kept }) => ({
    transport: "script",
    text: kept === null ? `rm -f ${path}` : `cp -p ${kept} ${path}`,
  }));
}

/**
 * First takes away what an upload of it that was killed has left beside it, as src/connect/session/files.ts names that.
 * Puts the kept `$2` back as `$1`, with owner and mode; without one, there was no file, and it goes. Where nothing was kept yet,
 * nothing was replaced yet: that is believed of a file whose digest is still `$3`.
 */
export const RESTORE = `
set -e
target=$1
if [ -L "$target" ]; then target=$(readlink -f -- "$target"); fi
rm -f -- "$(dirname -- "$target")/.redisha-$(printf %s "$1" | sha256sum | cut -c 1-12)-"*.tmp
if [ -z "$2" ]; then rm -f -- "$1"; exit 0; fi
if [ -n "$3" ] && [ ! -e "$2" ] && [ "$(sha256sum < "$1" | cut -d " " -f 1)" = "$3" ]; then exit 0; fi
part=$(dirname -- "$1")/.redisha-restore.$$
cp -p -- "$2" "$part"
sync -- "$part" 2>/dev/null || sync
mv -f -- "$part" "$1"
`;

/** Puts back what was kept. Fails with FILE_NOT_RESTORED. */
export async function restoreFile(
  shell: HostConnection,
  { path, kept, sha256 = "" }: z.infer<typeof keptSchema>,
  signal: AbortSignal,
): Promise<void> {
  const { code, stderr } = await shell.script(RESTORE, [path, kept ?? "", sha256], { become: true, signal });
  if (code === 0) return;
  throw new RedishaError({
    code: "FILE_NOT_RESTORED",
    message: `${path} on ${shell.host} could not be put back: ${stderr.trim().split("\n").at(-1)}`,
    host: shell.host,
    state: kept === null ? "the file is still there" : `what it was is kept in ${kept} on the host`,
  });
}

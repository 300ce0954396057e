/**
 * What runs on the host of a source. POSIX sh with GNU or busybox tools; every argument is a path or a name. A save is
 * known by inode and modification time to the nanosecond: a second that LASTSAVE counts in can hold several saves.
 */

/** `$1` the file. Prints inode, modification time and size, or `absent`. */
export const LOOK = `
if [ -e "$1" ]; then stat -L -c '%i %.9Y %s' -- "$1"; else echo absent; fi`;

/** `$1` the file, `$2` the link to it. Prints inode, time and size of the link, then its first bytes in hex. */
export const LINK = `
set -eu
rm -f -- "$2"
ln -- "$1" "$2"
stat -c '%i %.9Y %s' -- "$2"
head -c 4096 -- "$2" | od -An -v -tx1`;

/** `$1` the folder, `$2` what to keep. Removes links and folders that earlier runs left behind, and says which. */
export const SWEEP = `
set -u
for left in "$1"/.redisha-backup-*; do
  [ -e "$left" ] || continue
  [ "$left" = "$1/$2" ] && continue
  rm -rf -- "$left" && printf '%s\\n' "$left"
done`;

/** Name, in the server's folder, under which a run keeps what it saved. */
export function keptName(run: string): string {
  return `.redisha-backup-${run}`;
}

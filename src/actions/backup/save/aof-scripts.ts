/**
 * `$1` the folder that keeps, then pairs of a file and the name that it gets there. Links every file and prints, for each,
 * `size name`. What is appended later changes the linked file too: its size now is where the copy ends.
 */
export const LINK_PARTS = `
set -eu
keep=$1
shift
rm -rf -- "$keep"
mkdir -m 700 -- "$keep"
while [ $# -gt 0 ]; do
  ln -- "$1" "$keep/$2"
  printf '%s %s\\n' "$(stat -c %s -- "$keep/$2")" "$2"
  shift 2
done`;

/** `$1` a file, `$2` how many of its bytes. Prints their SHA-256. */
export const DIGEST_HEAD = `
set -eu
head -c "$2" -- "$1" | { if command -v ionice >/dev/null 2>&1; then nice -n 10 ionice -c 2 -n 7 sha256sum; else nice -n 10 sha256sum; fi; }`;

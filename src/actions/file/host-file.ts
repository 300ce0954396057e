import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";

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

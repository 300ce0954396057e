import { becomes } from "../../../actions/backup/sources.ts";
import { readDirectives } from "../../../actions/redis/directives.ts";
import type { HostConnection, RedisConnection } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import type { Instance } from "../../../inventory/model.ts";
import { readAofManifest } from "../../../restore/aof-manifest.ts";

/** A part of an append-only file, as the manifest of the server has it. */
export interface ListedPart {
  readonly name: string;
  readonly number: number;
  readonly type: "b" | "i";
}

/** One that is kept on its host, whatever the server makes of it meanwhile. */
export interface KeptPart extends ListedPart {
  readonly path: string;
  readonly size: number;
}

export interface Looked {
  /** The base, then increments in the order in which they are loaded. */
  readonly listed: readonly ListedPart[];
  readonly kept: readonly KeptPart[];
  /** A part bears the name of one that is kept, and is another file: the append-only file was begun anew. */
  readonly replaced: boolean;
  /** Names of what is kept, and what the server has dropped. */
  readonly dropped: readonly string[];
  /** So little of its disk is free that nothing is to be kept there that the server itself does not want. */
  readonly tight: boolean;
}

const CALL_MS = 30_000;
const READ_MS = 600_000;

/** Of its disk, in percent: a server whose disk is full stops taking writes. */
const LEAST_FREE = 5;

/**
 * `$1` the folder of the parts, `$2` where they are kept, then their names. Links each, and prints whether it is the file
 * that is kept (1), its size and its name. A part that is gone meanwhile was removed by a rewrite and is left out. Then the
 * names of all that is kept, and how much of the disk is in use.
 */
const KEEP = `
from=$1 keep=$2
shift 2
mkdir -p -m 700 -- "$keep" || exit 1
for name; do
  [ -e "$keep/$name" ] || ln -- "$from/$name" "$keep/$name" 2>/dev/null || continue
  same=1
  [ ! -e "$from/$name" ] || [ "$from/$name" -ef "$keep/$name" ] || same=0
  echo "$same $(stat -c %s -- "$keep/$name") $name"
done
(cd -- "$keep" && for name in *; do [ -e "$name" ] && echo "kept $name"; done)
df -Pk -- "$keep" | awk 'NR == 2 { print "used", $5 }'
true`;

const DROP = 'keep=$1; shift; for name; do rm -f -- "$keep/$name"; done; rmdir -- "$keep" 2>/dev/null || true';
const SIZE = 'stat -c %s -- "$1" 2>/dev/null || echo gone';

/** The append-only file of one server, on its host. Parts that were not read yet are kept there by hard links. */
export class FollowedHost {
  readonly #shell: HostConnection;
  readonly #folder: string;
  readonly #manifest: string;
  readonly #keep: string;
  readonly #how: { readonly become: boolean; readonly signal: AbortSignal };

  private constructor(
    shell: HostConnection,
    place: { readonly folder: string; readonly manifest: string; readonly keep: string },
    how: { readonly become: boolean; readonly signal: AbortSignal },
  ) {
    this.#shell = shell;
    this.#folder = place.folder;
    this.#manifest = place.manifest;
    this.#keep = place.keep;
    this.#how = how;
  }

  static async open(
    { host }: Instance,
    shell: HostConnection,
    redis: RedisConnection,
    signal: AbortSignal,
  ): Promise<FollowedHost> {
    const names = ["dir", "appendfilename", "appenddirname"];
    const { dir = "", appendfilename = "appendonly.aof", appenddirname } = await readDirectives(redis, names);
    const place = {
      folder: `${dir}/${appenddirname ?? "appendonlydir"}`,
      manifest: `${appendfilename}.manifest`,
      keep: `${dir}/.redisha-follow-${appendfilename}`,
    };
    return new FollowedHost(shell, place, { become: becomes(host), signal });
  }

  /** Reads the manifest and keeps every part of it, but for those in `done`. */
  async look(done: ReadonlySet<string>): Promise<Looked> {
    const manifest = await this.#shell.exec(["cat", "--", `${this.#folder}/${this.#manifest}`], {
      ...this.#how,
      timeoutMs: CALL_MS,
    });
    const parts = manifest.code === 0 ? readAofManifest(manifest.stdout) : undefined;
    if (!parts) throw unreadable(this.#shell.host, this.#manifest, manifest.stderr.trim() || "it cannot be read");
    const listed = parts.flatMap(({ name, seq, type }) => (type === "h" ? [] : [{ name, number: seq, type }]));
    const wanted = listed.filter(({ name }) => !done.has(name));
    const args = [this.#folder, this.#keep, ...wanted.map(({ name }) => name)];
    const kept = await this.#shell.script(KEEP, args, { ...this.#how, timeoutMs: CALL_MS });
    if (kept.code !== 0) throw unreadable(this.#shell.host, this.#keep, kept.stderr.trim());
    const sizes = new Map<string, { same: boolean; size: number }>();
    for (const [, same, size, name = ""] of kept.stdout.matchAll(/^([01]) (\d+) (.*)$/gm)) {
      sizes.set(name, { same: same === "1", size: Number(size) });
    }
    const all = [...kept.stdout.matchAll(/^kept (.*)$/gm)].map(([, name = ""]) => name);
    return {
      dropped: all.filter((name) => !listed.some((part) => part.name === name)),
      tight: Number(/^used (\d+)%$/m.exec(kept.stdout)?.[1] ?? 0) > 100 - LEAST_FREE,
      listed,
      kept: wanted.flatMap((part) => {
        const found = sizes.get(part.name);
        return found ? [{ ...part, path: `${this.#keep}/${part.name}`, size: found.size }] : [];
      }),
      replaced: [...sizes.values()].some(({ same }) => !same),
    };
  }

  /** Size of a part that is kept, though the server has dropped it; undefined where it is not kept. */
  async keptSize(name: string): Promise<number | undefined> {
    const { stdout } = await this.#shell.script(SIZE, [this.pathOf(name)], { ...this.#how, timeoutMs: CALL_MS });
    return /^\d+$/.test(stdout.trim()) ? Number(stdout) : undefined;
  }

  pathOf(name: string): string {
    return `${this.#keep}/${name}`;
  }

  /** Bytes of a part; fails where there are fewer. */
  async read(path: string, offset: number, length: number): Promise<Buffer> {
    const { stdout, done } = await this.#shell.stream(slice(path, offset, length), {
      ...this.#how,
      timeoutMs: READ_MS,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stdout) chunks.push(chunk);
    const { stderr } = await done;
    const bytes = Buffer.concat(chunks);
    if (bytes.length !== length)
      throw unreadable(this.#shell.host, path, stderr.trim() || `${bytes.length} bytes came`);
    return bytes;
  }

  /** The same as a stream, for a base, which may be as large as the data. */
  async stream(path: string, length: number) {
    return (await this.#shell.stream(slice(path, 0, length), this.#how)).stdout;
  }

  /** Lets go of parts that are stored. */
  async drop(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#shell.script(DROP, [this.#keep, ...names], { ...this.#how, timeoutMs: CALL_MS });
  }

  /** Lets go of everything that is kept: it belongs to a file that was begun anew. */
  async dropAll(): Promise<void> {
    await this.#shell.exec(["rm", "-rf", "--", this.#keep], { ...this.#how, timeoutMs: CALL_MS });
  }
}

function slice(path: string, offset: number, length: number): string[] {
  const flags = ["bs=64K", "iflag=skip_bytes,count_bytes", "status=none"];
  return ["dd", `if=${path}`, ...flags, `skip=${offset}`, `count=${length}`];
}

function unreadable(host: string, what: string, why: string): RedishaError {
  return new RedishaError({
    code: "FOLLOW_HOST_FILES",
    message: `The append-only file on ${host} cannot be followed: ${what}: ${why}.`,
    host,
    state: "the server is as it was; what is stored already counts",
    next: ["let the SSH user read and write the folder of the server, for instance with `ssh: { become: sudo }`"],
  });
}

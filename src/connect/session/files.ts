import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable, Transform } from "node:stream";
import { RedishaError } from "../../core/errors.ts";
import type { UploadOptions } from "../types.ts";
import type { Launcher } from "./launcher.ts";
import { run, stream } from "./run.ts";

/** In the names of all files that this process stages, and of no other. */
const OURS = `${randomBytes(6).toString("hex")}-`;

/**
 * Writes standard input to `$2` beside `$1`, to disk, and prints its size and the place it is to go to. What a program that
 * was killed has left of the same file, `$3` with anything behind it, goes: it may hold passwords. What has `$4` behind that
 * is this process's own, which may write the same file twice at a time where two hosts of it are one machine.
 */
const STAGE = `
set -e
umask 077
target=$1
if [ -L "$target" ]; then target=$(readlink -f -- "$target"); fi
staged=$(dirname -- "$target")/$2
for left in "$(dirname -- "$target")/$3"*.tmp; do
  case $left in
    *"/$3$4"*) ;;
    *) rm -f -- "$left" ;;
  esac
done
set -C
: >"$staged"
set +C
cat >>"$staged"
sync -- "$staged" 2>/dev/null || sync
wc -c <"$staged"
printf '%s' "$target"`;

/** Gives the staged file mode `$3` and owner `$4`, or those of the file that it replaces, and puts it in its place. */
const COMMIT = `
set -e
directory=$(dirname -- "$1")
staged=$directory/$2
if [ -e "$1" ]; then
  chown "$(stat -c %u:%g -- "$1")" "$staged" 2>/dev/null || true
  chmod "$(stat -c %a -- "$1")" "$staged"
fi
if [ -n "$4" ]; then chown "$4" "$staged"; fi
if [ -n "$3" ]; then chmod "$3" "$staged"; fi
mv -f -- "$staged" "$1"
sync -- "$directory" 2>/dev/null || sync`;

const DISCARD = `rm -f -- "$(dirname -- "$1")/$2"`;

/**
 * Writes a file in two steps: everything to a temporary name beside it, flushed; then, once the host has counted as many
 * bytes as were sent, renamed into place. A connection that is cut in between leaves the old file as it was.
 * A file that is replaced keeps mode and owner unless they are given; a new one is 0600 by default. Symbolic links are
 * followed.
 */
export async function upload(
  launcher: Launcher,
  source: Readable | Buffer | string,
  path: string,
  options: UploadOptions,
): Promise<void> {
  const stem = `.redisha-${createHash("sha256").update(path).digest("hex").slice(0, 12)}-`;
  const name = `${stem}${OURS}${randomBytes(6).toString("hex")}.tmp`;
  const become = options.become ?? false;
  const common = options.signal ? { signal: options.signal } : {};
  const counter = new Counter();
  // A source may break off before the session is there that heeds it.
  counter.on("error", () => undefined);
  const input = source instanceof Readable ? source : Readable.from([Buffer.from(source)]);
  // Not `pipeline`: a source that breaks off must end in an error of the counter, which Execution heeds.
  input.on("error", (error) => counter.destroy(error)).pipe(counter);
  const shell = (text: string, ...args: string[]) =>
    run(launcher, { shell: text, args, become }, text === STAGE ? { ...common, stdin: counter } : common);
  let staged = "";
  try {
    const written = await shell(STAGE, path, name, stem, OURS);
    const [size, target] = splitOnce(written.stdout, "\n");
    staged = target;
    if (written.code !== 0) throw notWritten(launcher.host, path, written.stderr);
    if (Number(size) !== counter.bytes) throw cutShort(launcher.host, path, Number(size), counter.bytes);
    const mode = options.mode === undefined ? "" : options.mode.toString(8);
    const placed = await shell(COMMIT, target, name, mode, options.owner ?? "");
    if (placed.code !== 0) throw notWritten(launcher.host, path, placed.stderr);
  } catch (error) {
    const tidy = { shell: DISCARD, args: [staged || path, name], become };
    await run(launcher, tidy, { timeoutMs: 5_000 }).catch(() => undefined);
    throw error;
  } finally {
    input.destroy();
  }
}

/** The bytes of a file. Rejects where it cannot be read; the stream fails where it was not read to its end. */
export async function download(
  launcher: Launcher,
  path: string,
  options: { become?: boolean; signal?: AbortSignal },
): Promise<Readable> {
  const spec = { argv: ["cat", "--", path], become: options.become ?? false };
  const { stdout, done } = await stream(launcher, spec, options.signal ? { signal: options.signal } : {});
  const whole = done.then(({ code, stderr }) => {
    if (code !== 0) throw notRead(launcher.host, path, stderr);
  });
  const output = new Transform({
    transform: (chunk, _, callback) => callback(null, chunk),
    flush: (callback) => void whole.then(() => callback(), callback),
  });
  whole.catch((error: Error) => output.destroy(error));
  stdout.on("error", (error) => output.destroy(error)).pipe(output);
  output.on("close", () => stdout.destroy());
  // A file that cannot be opened is told here, not first to whoever reads the stream.
  await Promise.race([once(output, "readable"), whole]);
  return output;
}

class Counter extends Transform {
  bytes = 0;

  override _transform(chunk: Buffer, _: BufferEncoding, callback: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    callback(null, chunk);
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function notWritten(host: string, path: string, stderr: string): RedishaError {
  return new RedishaError({
    code: "HOST_FILE_NOT_WRITTEN",
    message: `Could not write ${path} on ${host}: ${lastLine(stderr)}.`,
    host,
    state: "the file on the host is as it was",
  });
}

function cutShort(host: string, path: string, arrived: number, sent: number): RedishaError {
  return new RedishaError({
    code: "HOST_FILE_CUT_SHORT",
    message: `Only ${arrived} of ${sent} bytes of ${path} arrived on ${host}.`,
    host,
    state: "the file on the host is as it was",
    next: ["try again"],
  });
}

function notRead(host: string, path: string, stderr: string): RedishaError {
  return new RedishaError({
    code: "HOST_FILE_NOT_READ",
    message: `Could not read ${path} on ${host} to its end: ${lastLine(stderr)}.`,
    host,
  });
}

function lastLine(stderr: string): string {
  return (stderr.trim().split("\n").at(-1) || "it ended early").replace(/^.*?: (?=.*: )/, "").replace(/\.$/, "");
}

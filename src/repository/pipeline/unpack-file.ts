import { addAbortSignal, pipeline, type Readable, Transform } from "node:stream";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { ageDecryption } from "../age/decrypt.ts";
import { type AgeIdentities, identityNeeded } from "../age/identities.ts";
import type { StoredFile } from "../manifest.ts";
import type { Store } from "../store.ts";
import { CheckedMeter } from "./checked-meter.ts";
import type { Progress } from "./pack-file.ts";
import type { Throttle } from "./throttle.ts";
import { decompressor } from "./zstd.ts";

export interface ReadOptions {
  readonly throttle?: Throttle;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface UnpackOptions extends ReadOptions {
  /** Needed for what is encrypted. */
  readonly identities?: AgeIdentities;
}

/**
 * The plain bytes of a stored file. The stream ends only after size and digest of both forms were found to be those of the
 * manifest; else it fails, with BACKUP_DAMAGED for bytes that are not the ones that were stored. What came out before is
 * not to be trusted until then. Rejects with AGE_IDENTITY_NEEDED before anything is read.
 */
export async function unpackFile(
  store: Store,
  folder: string,
  file: StoredFile,
  options: UnpackOptions = {},
): Promise<Readable> {
  const { identities, throttle, onProgress, signal } = options;
  const place = `${folder}${file.name}`;
  if (file.encryption === "age" && !identities) throw identityNeeded(place, file.recipients);
  const damage = (what: string) => damaged(store, place, what);
  const report = () => onProgress?.({ raw: raw.bytes, stored: stored.bytes });
  const stored = new CheckedMeter({ size: file.size_stored, sha256: file.sha256_stored }, damage, undefined, report);
  const raw = new CheckedMeter(
    { size: file.size_raw, sha256: file.sha256_raw },
    (what) => damage(`unpacked, ${what}`),
    (error) => (signal?.aborted ? signal.reason : explained(error, damage)),
    report,
  );
  // zstd is content at the end of its frame: before the store says that nothing follows, or although something does.
  const end = new Transform({
    transform: (chunk, _, callback) => callback(null, chunk),
    flush(callback) {
      if (stored.bytes < file.size_stored) callback(damage("it ends before its end"));
      else void stored.settled.then(() => callback(stored.whole ? null : damage("more follows its end")));
    },
  });
  const stages: Transform[] = [
    ...(throttle ? [throttle.stream()] : []),
    stored,
    ...(file.encryption === "age" && identities ? [ageDecryption(identities, place)] : []),
    ...(file.compression === "zstd" ? [decompressor(), end] : []),
    raw,
  ];
  const source = await open(store, place, signal);
  if (signal) addAbortSignal(signal, raw);
  // What fails is told by `raw`, which is destroyed with it; also to who begins to read it only later.
  pipeline([source, ...stages], () => undefined);
  return raw.on("error", () => undefined);
}

/** Reads a stored file and holds it against size and digest of the manifest. Fails with BACKUP_DAMAGED or OBJECT_MISSING. */
export async function verifyStored(
  store: Store,
  folder: string,
  file: StoredFile,
  options: ReadOptions = {},
): Promise<void> {
  const { throttle, onProgress, signal } = options;
  const place = `${folder}${file.name}`;
  const meter = new CheckedMeter(
    { size: file.size_stored, sha256: file.sha256_stored },
    (what) => damaged(store, place, what),
    (error) => (signal?.aborted ? signal.reason : error),
    (bytes) => onProgress?.({ raw: 0, stored: bytes }),
  );
  const source = await open(store, place, signal);
  if (signal) addAbortSignal(signal, meter);
  pipeline([source, ...(throttle ? [throttle.stream()] : []), meter], () => undefined);
  for await (const _ of meter);
}

async function open(store: Store, place: string, signal: AbortSignal | undefined): Promise<Readable> {
  signal?.throwIfAborted();
  const source = await store.get(place, signal ? { signal } : {});
  if (signal?.aborted) source.on("error", () => undefined).destroy();
  signal?.throwIfAborted();
  return source;
}

/** What zlib finds wrong with bytes is damage too; what has a code of ours says already what it is. */
function explained(error: Error, damage: (what: string) => RedishaError): Error {
  if (error instanceof RedishaError) return error;
  const code = "code" in error ? String(error.code) : "";
  const corrupt = /^(ZSTD_error_|Z_|ERR_ZLIB)/.test(code);
  return corrupt ? damage(`zstd cannot read it: ${messageOf(error)}`) : error;
}

function damaged(store: Store, place: string, what: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_DAMAGED",
    message: `${place} in ${store.shown} is not what was stored: ${what}.`,
    exit: EXIT.verificationFailed,
    state: "nothing was changed; what was read of it is not to be used",
    next: ["redisha backup list", "redisha backup verify"],
  });
}

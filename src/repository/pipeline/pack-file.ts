import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ageEncryption } from "../age/encrypt.ts";
import type { AgeRecipients } from "../age/recipients.ts";
import type { FileKind, StoredFile } from "../manifest.ts";
import type { Store } from "../store.ts";
import { Meter } from "./meter.ts";
import { settled } from "./settle.ts";
import type { Throttle } from "./throttle.ts";
import { compressor } from "./zstd.ts";

/** How plain bytes become stored ones. The same for every file of a backup. */
export interface Packing {
  /** zstd level from 1 to 19; `none` stores as it is. */
  readonly compression: number | "none";
  /** Undefined: not encrypted. */
  readonly recipients?: AgeRecipients;
  readonly throttle?: Throttle;
}

export interface Progress {
  /** Plain bytes that went in, or came out. */
  readonly raw: number;
  /** Compressed and encrypted bytes, as in the repository. */
  readonly stored: number;
}

export interface PackOptions {
  /** Path below the folder of the backup, in its plain form: `shards/main/dump.rdb`. Endings are added. */
  readonly name: string;
  readonly kind: FileKind;
  /** `r1:6379`. */
  readonly instance?: string;
  /** Bytes of the source to expect, best too many than too few. */
  readonly estimate?: number;
  /** Called with every piece, some ten thousand times per GB. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Streams a plain source into the folder of a backup: digest, zstd, age, digest, store; in constant memory. Returns what
 * the manifest says of it. Whatever fails, the source is destroyed, nothing is left under the name, and the first error
 * is the one that is thrown.
 */
export async function packFile(
  store: Store,
  folder: string,
  source: Readable,
  packing: Packing,
  options: PackOptions,
): Promise<StoredFile> {
  const { name, kind, instance, estimate, onProgress, signal } = options;
  const { compression, recipients, throttle } = packing;
  const report = () => onProgress?.({ raw: raw.bytes, stored: stored.bytes });
  const raw = new Meter(report);
  const stored = new Meter(report);
  const stages: Transform[] = [raw];
  try {
    signal?.throwIfAborted();
    if (compression !== "none") stages.push(compressor(compression));
    if (recipients) stages.push(await ageEncryption(recipients));
    if (throttle) stages.push(throttle.stream());
  } catch (error) {
    source.on("error", () => undefined).destroy();
    throw error;
  }
  const file = `${name}${compression === "none" ? "" : ".zst"}${recipients ? ".age" : ""}`;
  const feeding = pipeline([source, ...stages, stored], signal ? { signal } : {}).catch((error: unknown) => {
    throw signal?.aborted ? signal.reason : error;
  });
  const common = signal ? { signal } : {};
  const [, object] = await settled(
    feeding,
    store.put(`${folder}${file}`, stored, { ...common, ...(estimate === undefined ? {} : { estimate }) }),
  );
  return {
    name: file,
    kind,
    ...(instance === undefined ? {} : { instance }),
    size_raw: raw.bytes,
    sha256_raw: raw.sha256,
    size_stored: object.size,
    sha256_stored: stored.sha256,
    compression: compression === "none" ? "none" : "zstd",
    ...(compression === "none" ? {} : { level: compression }),
    encryption: recipients ? "age" : "none",
    recipients: recipients ? [...recipients.shown] : [],
  };
}

import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";

/** Bytes per piece of output: age seals 64 KiB at a time, and smaller pieces cost more than they carry. */
const CHUNK = 128 * 1024;

/** Compresses to one zstd frame with a checksum of its own, as `zstd -LEVEL` writes it. */
export function compressor(level: number): Transform {
  requireZstd();
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = zlib.constants;
  return zlib.createZstdCompress({
    chunkSize: CHUNK,
    params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1 },
  });
}

/** Reads what `compressor`, or any zstd, wrote. */
export function decompressor(): Transform {
  requireZstd();
  return zlib.createZstdDecompress({ chunkSize: CHUNK });
}

/** Node has zstd since 22.15 and 23.8; redisha runs on 22.13 already. */
function requireZstd(): void {
  if (typeof zlib.createZstdCompress === "function") return;
  throw new RedishaError({
    code: "ZSTD_NEEDS_NEWER_NODE",
    message: `Node ${process.versions.node} cannot compress with zstd: backups need Node 22.15 or newer.`,
    exit: EXIT.usage,
    state: "nothing was read or written",
    next: ["update Node to its newest 22 or 24"],
  });
}

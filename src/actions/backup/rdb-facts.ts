import type { RdbHeader } from "../../backup/rdb-header.ts";
import type { Shard } from "../../repository/manifest.ts";
import type { Source } from "./sources.ts";

/** The head of the file, as the manifest has it. */
export function rdbFacts({ magic, version, aux }: RdbHeader, checksum: boolean): NonNullable<Shard["rdb"]> {
  const created = Number(aux.ctime);
  const offset = Number(aux["repl-offset"]);
  return {
    magic,
    version,
    ...(Number.isSafeInteger(created) && created > 0 ? { created: new Date(created * 1000).toISOString() } : {}),
    ...(aux["repl-id"] === undefined ? {} : { repl_id: aux["repl-id"] }),
    ...(Number.isSafeInteger(offset) && offset >= 0 ? { repl_offset: offset } : {}),
    checksum,
    aux: { ...aux },
  };
}

/** Where the shard was read from, as the manifest has it. */
export function sourceFacts(source: Source): Shard["source"] {
  const { instance, role, node_id, fell_back_to_primary, lag_bytes, lag_seconds } = source;
  return {
    instance,
    role,
    ...(node_id === null ? {} : { node_id }),
    fell_back_to_primary,
    ...(lag_bytes === null ? {} : { lag_bytes: Math.max(0, lag_bytes) }),
    ...(lag_seconds === null ? {} : { lag_seconds: Math.max(0, lag_seconds) }),
  };
}

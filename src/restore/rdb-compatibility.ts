import { rdbVersionOf } from "../runbook/versions.ts";

/** What the first nine bytes of an RDB file say: `REDIS0010`, `VALKEY080`. */
export interface RdbFormat {
  readonly magic: string;
  readonly version: number;
}

export interface EngineVersion {
  /** `redis`, `valkey`. */
  readonly name: string;
  readonly version: string;
}

export type Compatibility = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Valkey 9 and later take 12 to 79 for another project's numbers, and refuse them. */
const FOREIGN_TO_VALKEY = { first: 12, last: 79 };
/** The oldest that every engine under management reads. */
const OLDEST = 1;

/**
 * Whether a server of this engine and version loads a file of this format. Decided by the file's own header, never by what a
 * server says of itself: Valkey calls itself Redis 7.2.4. Each engine reads its own version and older ones; Valkey's format
 * from 9.0 on bears another magic, which no Redis reads, and Redis 7.4 and later cannot be read by any Valkey.
 */
export function canLoad(format: RdbFormat, engine: EngineVersion): Compatibility {
  const newest = newestReadable(engine);
  const said = `${format.magic} format ${format.version}`;
  if (newest === undefined) return no(`which RDB formats ${shown(engine)} reads is not known`);
  if (format.magic !== "REDIS" && format.magic !== "VALKEY") return no(`${said} is no RDB format that is known`);
  if (format.version < OLDEST) return no(`${said} is no RDB format that was ever written`);
  if (format.magic === "VALKEY") {
    if (engine.name !== "valkey" || newest < 80) return no(`${said} is read by Valkey 9.0 and later only`);
    if (format.version > newest) return no(`${said} is newer than what ${shown(engine)} reads (up to ${newest})`);
    return { ok: true };
  }
  if (engine.name === "valkey" && isForeign(format.version)) {
    return no(`${said} was written by Redis 7.4 or later, which no Valkey reads`);
  }
  if (format.version > newest) return no(`${said} is newer than what ${shown(engine)} reads (up to ${newest})`);
  return { ok: true };
}

function newestReadable({ name, version }: EngineVersion): number | undefined {
  try {
    return rdbVersionOf(version, name);
  } catch {
    return undefined;
  }
}

function isForeign(version: number): boolean {
  return version >= FOREIGN_TO_VALKEY.first && version <= FOREIGN_TO_VALKEY.last;
}

function shown({ name, version }: EngineVersion): string {
  return `${name} ${version}`;
}

function no(reason: string): Compatibility {
  return { ok: false, reason };
}

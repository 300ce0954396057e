/** Whose way to keep keys in memory it is. */
export interface Layout {
  /** Valkey 8.1 made its tables anew: keys stand in the objects, seven of which share 64 bytes of a table. */
  readonly valkey: boolean;
  /** From Valkey 9 on, small values stand behind their keys. */
  readonly valuesInKeys: boolean;
  /** From Redis 7.2 on, small sets and lists are one piece of memory. */
  readonly compactSets: boolean;
}

/** The layout of an engine, by its name and version as INFO tells them. */
export function layoutOf(engine: string, version: string): Layout {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const since = (wanted: number, wantedMinor = 0) => major > wanted || (major === wanted && minor >= wantedMinor);
  const valkey = engine === "valkey" && since(8, 1);
  return { valkey, valuesInKeys: valkey && since(9), compactSets: engine === "valkey" || since(7, 2) };
}

/** Bytes of a table for each of so many entries: Redis doubles a table that is full, Valkey fills 64 bytes by two thirds. */
export function tableBytes(entries: number, { valkey }: Layout): number {
  if (valkey) return 64 / 7 / 0.68;
  return (8 * 2 ** Math.ceil(Math.log2(Math.max(4, entries)))) / Math.max(4, entries);
}

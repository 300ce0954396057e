import type { DataNode } from "./schema.ts";

type Versioned = Pick<DataNode, "engine" | "version">;

/** `[7, 0]` of `7.0.15`; undefined where there is no such beginning. */
function majorMinor(version: string | null): readonly [number, number] | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(version ?? "");
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

/** Negative where a is the older. Of different engines, or unknown: undefined. */
export function compareVersions(a: Versioned, b: Versioned): number | undefined {
  const [x, y] = [majorMinor(a.version), majorMinor(b.version)];
  if (!x || !y || a.engine !== b.engine) return undefined;
  return x[0] - y[0] || x[1] - y[1];
}

/**
 * Whether the replica can load a full sync from the primary. Measured between 6.0, 7.0, 8.0, Valkey 8.0, 8.1 and 9.1:
 * each reads its own RDB version and older ones. Valkey reads up to 11 of Redis' numbering, and Valkey 9 writes 11 to
 * whoever does not ask for more. Unknown versions are taken to fit.
 */
export function canFullSync(primary: Versioned, replica: Versioned): boolean {
  const written = rdbVersion(primary);
  const read = rdbVersion(replica);
  if (written === undefined || read === undefined) return true;
  return written <= read;
}

/** In Redis' own numbering; Valkey 9's format 80 counts as 11, for it falls back to that. */
function rdbVersion(node: Versioned): number | undefined {
  const version = majorMinor(node.version);
  if (!version) return undefined;
  const [major, minor] = version;
  if (node.engine === "valkey") return 11;
  if (node.engine !== "redis") return undefined;
  if (major >= 9 || (major === 8 && minor >= 6)) return 13;
  if (major === 8 || (major === 7 && minor >= 4)) return 12;
  if (major === 7) return minor >= 2 ? 11 : 10;
  return major >= 5 ? 9 : undefined;
}

/**
 * Newer primaries send commands that an older replica does not know. 6.0 under 7.0 and later drops every SET with an
 * expiry without a trace: link up, offsets equal, keys missing.
 */
export function divergesSilently(primary: Versioned, replica: Versioned): boolean {
  const [p, r] = [majorMinor(primary.version), majorMinor(replica.version)];
  return p !== undefined && r !== undefined && replica.engine === "redis" && r[0] < 7 && p[0] >= 7;
}

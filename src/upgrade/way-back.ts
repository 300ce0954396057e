import { rdbVersionOf } from "../runbook/versions.ts";
import { majorOf, type Release, seriesOf, shown } from "./release.ts";

/**
 * How a deployment comes back to the older release once a primary of the newer one has taken writes:
 * `rolling`: node by node, by replication, nothing is lost;
 * `backup`: by a backup from before, and what was written since is lost.
 */
export interface WayBack {
  readonly by: "rolling" | "backup";
  readonly reason: string;
  /** What must not be in use for it to work. */
  readonly unless: string | null;
  /** What the older release loses or does not know. */
  readonly lost: readonly string[];
}

/**
 * The way back from a newer release to an older one. Measured with real servers: what a full sync from the newer to the older
 * does, and what becomes of commands that the older one does not know. A full sync that the older one cannot read empties
 * it first, so a way that may need one is no way.
 */
export function wayBack(newer: Release, older: Release): WayBack {
  if (newer.engine !== older.engine) return backup(newer, older, [`the data was moved between projects`]);
  if (seriesOf(newer) === seriesOf(older)) {
    return { by: "rolling", reason: `both are of series ${seriesOf(newer)}`, unless: null, lost: [] };
  }
  if (newer.engine === "valkey" && majorOf(older) >= 8) return valkeyBack(newer, older);
  const lost = older.engine === "redis" ? lostInRedis(newer, older) : [];
  return backup(newer, older, lost);
}

/** Valkey 8.0 and 8.1 write the same format; 9 writes the older one to whoever says that it is older (REPLCONF VERSION). */
function valkeyBack(newer: Release, older: Release): WayBack {
  if (majorOf(newer) === majorOf(older)) {
    const lost = seriesOf(older) === "8.0" ? ["SET … IFEQ is not known"] : [];
    return { by: "rolling", reason: `both write RDB ${rdbVersionOf(older.version, "valkey")}`, unless: null, lost };
  }
  return {
    by: "rolling",
    reason: `${shown(newer)} sends older replicas the format that they read`,
    unless: "fields of hashes have a time to live: as soon as one does, no older replica can be synced",
    lost: ["HSETEX, HGETEX, HGETDEL, HEXPIRE, DELIFEQ and MSETEX are not known"],
  };
}

function backup(newer: Release, older: Release, lost: readonly string[]): WayBack {
  const written = rdbVersionOf(newer.version, newer.engine);
  const read = rdbVersionOf(older.version, older.engine);
  const reason =
    written > read
      ? `${shown(newer)} writes RDB ${written}, ${shown(older)} reads up to ${read}`
      : `${shown(older)} does not understand everything that ${shown(newer)} sends to its replicas`;
  return { by: "backup", reason, unless: null, lost: ["every write since the switchover", ...lost] };
}

function lostInRedis(newer: Release, older: Release): string[] {
  if (majorOf(older) <= 6 && majorOf(newer) >= 7) {
    return [
      "as a replica, 6.0 drops every SET with an expiry without a sign: it must never follow a newer primary",
      "its configuration file must be the saved one: 6.0 refuses `set-proc-title`, which newer packages write",
    ];
  }
  if (majorOf(older) === 7 && majorOf(newer) >= 8) {
    return ["HEXPIRE, HSETEX, HGETEX, HGETDEL and vector sets are not known"];
  }
  return [];
}

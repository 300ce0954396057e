import { majorOf, type Release, shown } from "./release.ts";

/**
 * Why a replica of the older release is no standby for the way back from the newer one, in a clause; undefined where it is.
 * It has to stop at what it does not know (`propagation-error-behavior`, since Redis 7.0); a release from which a rolling way
 * leads back needs none. Measured for Redis 7.0 below 8.0; Valkey has gone another way in what its commands mean.
 */
export function noStandbyFor(newer: Release, older: Release, wayBack: "rolling" | "backup"): string | undefined {
  if (wayBack === "rolling") return `from ${shown(newer)} every server leads back to ${shown(older)} without one`;
  if (older.engine !== "redis" || newer.engine !== "redis") {
    return `${shown(older)} does not understand what ${shown(newer)} sends it`;
  }
  if (majorOf(older) < 7) {
    return `${shown(older)} drops each SET with an expiry that ${shown(newer)} sends it, without a sign`;
  }
  return undefined;
}

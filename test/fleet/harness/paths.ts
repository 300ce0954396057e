import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { packagePath } from "../../../src/core/package-root.ts";

/**
 * Where trees, packages and running fleets are kept: `$REDISHA_FLEET`, or `$XDG_CACHE_HOME/redisha/fleet`. Must be on a disk
 * of its own right, for the upper layer of an overlay cannot lie on another overlay.
 */
export function fleetRoot(): string {
  const given = process.env.REDISHA_FLEET;
  return resolve(given || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "redisha", "fleet"));
}

/** One folder per running fleet, named by its number. */
export function fleetsFolder(): string {
  return join(fleetRoot(), "run");
}

/** A file of the harness itself. */
export function harnessPath(...parts: string[]): string {
  return packagePath("test", "fleet", "harness", ...parts);
}

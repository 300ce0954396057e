import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";

/** The folder that holds the labs: what was asked for, or `labs` in the state directory. */
export function labsRoot(asked?: string): string {
  return resolve(asked ?? join(stateDir(), "labs"));
}

/** The folder of engines fetched from Debian: `$REDISHA_ENGINES`, or `$XDG_CACHE_HOME/redisha/engines`. */
export function enginesRoot(): string {
  const given = process.env.REDISHA_ENGINES;
  return resolve(given || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "redisha", "engines"));
}

/** Refuses names that would not do as a folder, a deployment and a word of a command line all at once. */
export function checkLabName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) return name;
  throw new RedishaError({
    code: "LAB_NAME_INVALID",
    message: `"${name}" cannot be the name of a lab: use up to 40 lower-case letters, digits and hyphens`,
    exit: EXIT.usage,
    state: "nothing was touched",
  });
}

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** The folder that holds the labs: what was asked for, `$REDISHA_LABS`, or `$XDG_STATE_HOME/redisha/labs`. */
export function labsRoot(asked?: string): string {
  const given = asked ?? process.env.REDISHA_LABS;
  return given ? resolve(given) : join(xdg("XDG_STATE_HOME", ".local/state"), "redisha", "labs");
}

/** The folder of engines fetched from Debian: `$REDISHA_ENGINES`, or `$XDG_CACHE_HOME/redisha/engines`. */
export function enginesRoot(): string {
  const given = process.env.REDISHA_ENGINES;
  return given ? resolve(given) : join(xdg("XDG_CACHE_HOME", ".cache"), "redisha", "engines");
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

/** The XDG specification: a relative path in these variables is to be ignored. */
function xdg(variable: string, fallback: string): string {
  const value = process.env[variable];
  return value && isAbsolute(value) ? value : join(homedir(), fallback);
}

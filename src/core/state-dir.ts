import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where runs, locks, labs and debug logs are kept: REDISHA_STATE_DIR, else `redisha` below XDG_STATE_HOME, else
 * `~/.local/state/redisha`. (oclif's own answer for "state" is not where XDG puts it.)
 */
export function stateDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.REDISHA_STATE_DIR) return env.REDISHA_STATE_DIR;
  return join(env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "redisha");
}

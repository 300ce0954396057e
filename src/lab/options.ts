import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { parseDuration } from "../core/units.ts";

/** The directives of `--config NAME=VALUE`. Fails with LAB_CONFIG_INVALID. */
export function parseDirectives(written: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    written.map((text) => {
      const [, name, value] = /^([a-z][a-z0-9-]*)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined) throw refuse(`--config ${text} is not NAME=VALUE`);
      if (OURS.has(name)) throw refuse(`--config ${name} would break the lab, which sets it itself`);
      return [name, value];
    }),
  );
}

/** Directives by which the lab finds its own servers again. */
const OURS = new Set([
  "bind",
  "port",
  "tls-port",
  "dir",
  "daemonize",
  "logfile",
  "aclfile",
  "requirepass",
  "replicaof",
]);

/** Milliseconds of `--down-after`. Fails with LAB_CONFIG_INVALID. */
export function parseDownAfter(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const ms = parseDuration(written);
  if (ms === undefined || ms < 1) throw refuse(`--down-after ${written} is not a time such as 5s or 500ms`);
  return ms;
}

function refuse(message: string): RedishaError {
  return new RedishaError({ code: "LAB_CONFIG_INVALID", message, exit: EXIT.usage, state: "nothing was touched" });
}

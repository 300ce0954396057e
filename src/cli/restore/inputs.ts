import { resolve } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { parseMoment } from "../../restore/moment.ts";
import { givenInputs } from "../given-inputs.ts";

export interface RestoreFlags {
  readonly at?: string | undefined;
  readonly identity?: readonly string[] | undefined;
  readonly shard?: string | undefined;
  readonly "config-file"?: readonly string[] | undefined;
}

/** Inputs of the restore runbooks. A moment that is none is told before anything is looked at. */
export function restoreInputs(backup: string, from: string | undefined, flags: RestoreFlags): Record<string, string> {
  if (flags.at !== undefined) parseMoment(flags.at);
  for (const entry of flags["config-file"] ?? []) refuseNamelessFile(entry);
  const { at, shard, identity = [], "config-file": configFiles = [] } = flags;
  return givenInputs({
    ...{ backup, from, at, shard },
    config_files: configFiles.join(",") || undefined,
    identities: identity.map((file) => resolve(file)).join(",") || undefined,
  });
}

function refuseNamelessFile(entry: string): void {
  if (/^[^=,]+:\d+=\/[^,]+$/.test(entry)) return;
  throw new RedishaError({
    code: "USAGE_CONFIG_FILE",
    message: `--config-file ${entry} does not say whose file it is, or not its absolute path.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["--config-file r1:6379=/etc/redis/redis.conf"],
  });
}

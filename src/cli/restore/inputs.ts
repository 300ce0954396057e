import { resolve } from "node:path";
import { parseMoment } from "../../restore/moment.ts";

export interface RestoreFlags {
  readonly at?: string | undefined;
  readonly identity?: readonly string[] | undefined;
  readonly shard?: string | undefined;
  readonly "config-file"?: readonly string[] | undefined;
}

/** Inputs of the restore runbooks. A moment that is none is told before anything is looked at. */
export function restoreInputs(backup: string, from: string | undefined, flags: RestoreFlags): Record<string, string> {
  if (flags.at !== undefined) parseMoment(flags.at);
  const { at, shard, identity = [], "config-file": configFiles = [] } = flags;
  return {
    backup,
    ...(from === undefined ? {} : { from }),
    ...(at === undefined ? {} : { at }),
    ...(shard === undefined ? {} : { shard }),
    ...(configFiles.length === 0 ? {} : { config_files: configFiles.join(",") }),
    ...(identity.length === 0 ? {} : { identities: identity.map((file) => resolve(file)).join(",") }),
  };
}

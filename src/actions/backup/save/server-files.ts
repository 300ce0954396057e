import type { RedisConnection } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import { readDirectives } from "../../redis/directives.ts";

/** Where a server writes its snapshot. */
export interface SnapshotPlace {
  readonly dir: string;
  readonly dbfilename: string;
  /** Absolute path of the file. */
  readonly path: string;
}

/** As the server holds it now: the configuration file may say otherwise, and several servers may share a host. */
export async function snapshotPlace(connection: RedisConnection): Promise<SnapshotPlace> {
  try {
    const { dir = "", dbfilename = "dump.rdb" } = await readDirectives(connection, ["dir", "dbfilename"]);
    return { dir, dbfilename, path: `${dir}/${dbfilename}` };
  } catch (cause) {
    if (!(cause instanceof RedishaError)) throw cause;
    throw new RedishaError({
      code: "BACKUP_PLACE_UNKNOWN",
      message: `${connection.instance} does not say where it writes its snapshot: ${cause.message}`,
      host: connection.instance,
      state: "nothing was saved",
      next: [
        "let the user of redisha run CONFIG GET; a server that renames CONFIG cannot be asked",
        "redisha backup --method sync, which needs no file of the server",
      ],
      cause,
    });
  }
}

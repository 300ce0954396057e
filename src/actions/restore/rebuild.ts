import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Shard } from "../../repository/manifest.ts";
import type { ActionContext } from "../contract.ts";
import type { Snapshot } from "./snapshot.ts";
import type { OpenBackup } from "./source.ts";

export async function rebuiltSnapshot(
  _open: OpenBackup,
  shard: Shard,
  _at: string | null,
  _context: ActionContext,
): Promise<Snapshot> {
  throw new RedishaError({ code: "RESTORE_NO_SNAPSHOT", message: `No snapshot of ${shard.name}`, exit: EXIT.usage });
}

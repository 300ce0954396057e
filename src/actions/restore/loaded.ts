import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { intField } from "../../topology/parse/info.ts";
import { keyCount } from "../../topology/parse/keyspace.ts";
import { infoOf } from "../backup/save/persistence.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";

/** Clients come back as soon as it answers, and may delete keys before it is asked. */
const CLIENTS_LEAVE = 0.9;

/** What a server loaded, held against what was checked before. */
export const restoreLoaded = defineAction({
  name: "restore.loaded",
  summary:
    "Makes sure that a server has loaded as many keys as the snapshot holds, and keeps its append-only file as before",
  scope: "instance",
  effect: "read",
  input: z.strictObject({
    keys: z.int().nullable().describe("Keys that the snapshot holds; null where that is not known"),
    expired: z.int().nullable().default(null).describe("Of these, keys that had expired when it was checked"),
    append_only: z.boolean().describe("Whether its append-only file is to be on"),
  }),
  output: z.strictObject({
    keys: z.int().describe("Keys that it holds now, in all databases"),
    loaded: z.int().nullable().describe("Keys that it loaded (7.0 and later)"),
    expired: z.int().nullable().describe("Keys that it left out because they have expired"),
  }),
  example: `- id: loaded
  action: restore.loaded
  targets: { role: primary }
  with: { keys: 1000, append_only: false }`,
  commands: () => [{ transport: "redis", text: "INFO persistence" }],
  async run({ keys: wanted, expired: predicted, append_only }, context) {
    const instance = instanceOf(context);
    context.forgetFailures();
    const redis = await context.redis(instance);
    const info = await infoOf(redis, ["persistence", "keyspace", "stats"], context.signal);
    const keys = keyCount(info);
    const loaded = intField(info, "rdb_last_load_keys_loaded");
    const expired = intField(info, "rdb_last_load_keys_expired");
    const problems = [
      ...(wanted === null
        ? []
        : missing(wanted, { keys, loaded, expired, gone: (intField(info, "expired_keys") ?? 0) + (predicted ?? 0) })),
      ...((info.aof_enabled === "1") === append_only ? [] : [`its append-only file is ${append_only ? "off" : "on"}`]),
    ];
    if (problems.length > 0) throw wrong(instance.id, problems);
    return { outputs: { keys, loaded, expired }, changed: false };
  },
});

/** What it loaded and what it left out make up the snapshot, whatever clients have written since. Before 7.0 it only tells what is there. */
function missing(
  wanted: number,
  { keys, loaded, expired, gone }: { keys: number; loaded: number | null; expired: number | null; gone: number },
): string[] {
  if (loaded !== null) {
    const all = loaded + (expired ?? 0);
    return all === wanted ? [] : [`it loaded ${all} keys of ${wanted}`];
  }
  return keys + gone >= wanted * CLIENTS_LEAVE ? [] : [`it holds ${keys} keys, and the snapshot has ${wanted}`];
}

function wrong(id: string, problems: readonly string[]): RedishaError {
  return new RedishaError({
    code: "RESTORE_NOT_LOADED",
    message: `${id} does not hold what was to be restored: ${problems.join("; ")}.`,
    host: id,
    exit: EXIT.verificationFailed,
    state: "its old data lies beside the new",
    next: [],
  });
}

import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatBytes } from "../../core/units.ts";
import { primaryOf, type Window, writtenSince } from "../../restore/written-since.ts";
import { keyspaceOf } from "../../topology/parse/keyspace.ts";
import type { DataNode } from "../../topology/schema.ts";
import { infoOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { openBackup } from "../restore/source.ts";

/** Counts what going back to a backup would lose: what was written to the primaries since its snapshots. */
export const upgradeWindow = defineAction({
  name: "upgrade.window",
  summary:
    "Counts what was written since a backup, in bytes of the replication stream; fails where that is more than may be lost",
  scope: "controller",
  effect: "read",
  // A run that is gone on with may have stopped everybody since: then nobody could tell.
  once: true,
  input: z.strictObject({
    backup: z.string().describe("Id of a backup"),
    identities: z.array(z.string()).default([]),
    lose: z.int().describe("The most that may be lost, in bytes"),
  }),
  output: z.strictObject({
    since: z.string().describe("The moment that the backup holds: what was acknowledged before it is in it"),
    bytes: z.int().nullable().describe("Written since, of all primaries; null where offsets do not tell"),
    keys_then: z.int().nullable(),
    keys_now: z.int(),
  }),
  example: `- id: window
  action: upgrade.window
  with: { backup: 20261120T023000Z-1a2b3c, lose: 16777216 }`,
  commands: () => [{ transport: "redis", text: "INFO replication keyspace, on every primary" }],
  tell: ({ since, bytes, keys_then, keys_now }) =>
    `${amount(bytes)} since ${since}; ${keys_then ?? "unknown"} keys then, ${keys_now} now`,
  async run({ backup, identities, lose }, context) {
    const { manifest } = await openBackup({ backup, from: "", identities, at: null }, context);
    const topology = await context.topology({ fresh: true });
    const window = writtenSince(manifest, topology);
    const { since, bytes } = window;
    // What is not known is only lost by who agreed to lose all.
    if (bytes === null ? lose < Number.MAX_SAFE_INTEGER : bytes > lose) throw moreThanAgreed(window, lose);
    const then = manifest.shards.map(({ keys }) => keys?.read ?? null);
    const now = await Promise.all(manifest.shards.map((shard) => keysOf(primaryOf(shard, topology), context)));
    return {
      outputs: {
        since,
        bytes,
        keys_then: then.every((each) => each !== null) ? then.reduce((sum, each) => sum + each, 0) : null,
        keys_now: now.reduce((sum, each) => sum + each, 0),
      },
      changed: false,
    };
  },
});

async function keysOf(primary: DataNode | undefined, context: ActionContext): Promise<number> {
  const instance = context.deployment.instances.find(({ id }) => id === primary?.id);
  if (!instance) return 0;
  const info = await infoOf(await context.redis(instance), ["keyspace"], context.signal);
  return Object.values(keyspaceOf(info)).reduce((sum, count) => sum + count, 0);
}

function amount(bytes: number | null): string {
  return bytes === null ? "an unknown amount of writes" : `${formatBytes(bytes)} of writes`;
}

function moreThanAgreed({ since, bytes, announce }: Window, lose: number): RedishaError {
  return new RedishaError({
    code: "ROLLBACK_LOSES_MORE",
    message: `Going back would lose ${amount(bytes)} since ${since}; what was agreed to is ${formatBytes(lose)}.`,
    exit: EXIT.gateRefused,
    state: "nothing is lost",
    next: [`agree to it: --lose ${announce}`],
  });
}

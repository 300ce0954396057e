import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ScratchServer } from "../../scratch/server.ts";
import { instanceNamed } from "../backup/sources.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { type Copied, copyKeys, nothingCopied } from "./routed/copy-keys.ts";
import { holdsAll, wrongSlots } from "./routed/count-slots.ts";
import { Routes, targetSchema } from "./routed/targets.ts";
import { openBackup, shardNamed } from "./source.ts";
import { loadIntoScratch } from "./to-scratch.ts";

/** A slot that moves, a node that comes back: what one pass leaves, the next one writes. */
const PASSES = 3;

/** Writes the keys of a backup to whoever owns their slots now, through a scratch server for each stored shard. */
export const restoreRoute = defineAction({
  name: "restore.route",
  summary:
    "Loads each shard of a backup into a server on this machine, writes every key to the primary that owns its slot, reads it back, and counts every slot",
  scope: "controller",
  effect: "change",
  // What was written already is written again, the same.
  repeatable: true,
  input: z.strictObject({
    backup: z.string(),
    from: z.string(),
    identities: z.array(z.string()).default([]),
    at: z.string().nullable().default(null),
    shards: z.array(z.string()),
    targets: z.array(targetSchema).min(1),
  }),
  output: z.strictObject({
    keys: z.int().describe("Keys that were written and found again"),
    same: z.int().describe("Of these, keys whose value was read back and is the same"),
    unread: z.int().describe("Of these, keys whose value an older server here could not compare"),
    expired: z.int().describe("Keys that have expired since they were saved"),
    functions: z.array(z.string()),
    passes: z.int(),
  }),
  example: `- id: route
  action: restore.route
  with:
    backup: "\${{ steps.choose.outputs.backup }}"
    from: "\${{ steps.choose.outputs.from }}"
    shards: "\${{ steps.choose.outputs.shards }}"
    targets: "\${{ steps.choose.outputs.targets }}"
  timeout: 12h
  undo: none`,
  commands: ({ shards, targets }) => [
    { transport: "controller", text: `load ${shards.join(", ")} into servers on this machine` },
    {
      transport: "redis",
      text: `RESTORE KEY EXPIRY VALUE REPLACE ABSTTL, to ${targets.map((to) => to.instance).join(", ")}`,
    },
  ],
  async run({ backup, from, identities, at, shards, targets }, context) {
    const open = await openBackup({ backup, from, identities, at }, context);
    const routes = new Routes(targets, context);
    for (let pass = 1; ; pass += 1) {
      const copied = nothingCopied();
      let left = 0;
      const functions = new Set<string>();
      for (const name of shards) {
        const server = await loadIntoScratch(open, shardNamed(open, name), at, context);
        try {
          left += await copyShard(server, name, routes, copied, context);
          for (const library of await copyFunctions(server, routes, context)) functions.add(library);
        } finally {
          await server.stop();
        }
      }
      const wrong = await notThere(routes, copied, context);
      if (left === 0 && wrong === "") {
        const { expired, same, unread } = copied;
        const outputs = { keys: same + unread, same, unread, expired, functions: [...functions].sort(), passes: pass };
        return { outputs, changed: true };
      }
      if (pass === PASSES) throw incomplete(left, wrong);
      context.progress(`${left} keys are left${wrong}; beginning pass ${pass + 1} of ${PASSES}`);
    }
  },
});

async function copyShard(
  server: ScratchServer,
  shard: string,
  routes: Routes,
  copied: Copied,
  context: ActionContext,
): Promise<number> {
  const { signal } = context;
  const { connectRedisSocket } = await import("../../connect/redis/connect-socket.ts");
  const from = await connectRedisSocket(server.socket);
  try {
    // What was read back is put beside the original, to be digested with it.
    await from.command(["CONFIG", "SET", "replica-read-only", "no"], { signal });
    const { keys } = await server.facts();
    const total = Object.values(keys).reduce((sum, count) => sum + count, 0);
    const before = copied.scanned;
    let left = 0;
    let done = 0;
    const onKeys = (count: number) => {
      done += count;
      context.progress(`writing the keys of ${shard}: ${done} of ${total}`);
    };
    for (const database of Object.keys(keys).map(Number)) {
      if (database > 0 && context.deployment.kind === "cluster") throw otherDatabase(shard, database);
      await from.command(["SELECT", String(database)], { signal });
      left += await copyKeys(from, database, routes, copied, { signal, onKeys });
    }
    // A scan gives what has expired to nobody, and a key of a table that grows twice.
    const missed = total - (copied.scanned - before);
    if (missed > 0) copied.expired += missed;
    return left + Math.max(0, -missed);
  } finally {
    from.close();
    await backToFirst(routes);
  }
}

/** Later commands over the same connections are meant for the first database. */
async function backToFirst(routes: Routes): Promise<void> {
  for (const instance of routes.instances) {
    await (await routes.connection(instance)).command(["SELECT", "0"]).catch(() => undefined);
  }
}

async function copyFunctions(
  server: ScratchServer,
  routes: Routes,
  { signal }: ActionContext,
): Promise<readonly string[]> {
  const { functions } = await server.facts();
  if (functions.length === 0) return [];
  const { connectRedisSocket } = await import("../../connect/redis/connect-socket.ts");
  const from: RedisConnection = await connectRedisSocket(server.socket);
  try {
    const dumped = String(await from.command(["FUNCTION", "DUMP"], { bytes: true, signal }));
    for (const instance of routes.instances) {
      const to = await routes.connection(instance);
      await to.command(["FUNCTION", "RESTORE", dumped, "REPLACE"], { bytes: true, signal });
    }
    return functions;
  } finally {
    from.close();
  }
}

/** What the primaries do not hold of what was written, in words; empty where nothing is amiss. */
async function notThere(routes: Routes, copied: Copied, context: ActionContext): Promise<string> {
  if (context.deployment.kind === "cluster") {
    const wrong = await wrongSlots(routes, copied, context.signal);
    return wrong.length === 0
      ? ""
      : `, ${wrong.length} slots hold another number of keys (${wrong.slice(0, 5).join(", ")})`;
  }
  return (await holdsAll(routes, copied, context.signal)) ? "" : ", the number of keys is another";
}

/** Of an append-only file this is known only once it is loaded. */
function otherDatabase(shard: string, database: number): RedishaError {
  return new RedishaError({
    code: "RESTORE_REFUSED",
    message: `A Cluster has database 0 alone, and ${shard} has keys in ${database}.`,
    exit: EXIT.gateRefused,
    state: "what was written is taken back",
    next: ["redisha restore --to-scratch: look at the data on this machine"],
  });
}

function incomplete(left: number, wrong: string): RedishaError {
  return new RedishaError({
    code: "RESTORE_INCOMPLETE",
    message: `After ${PASSES} passes ${left} keys could not be written or came back otherwise${wrong}.`,
    exit: EXIT.verificationFailed,
    state: "the deployment holds part of the backup; it was empty before",
    next: ["redisha status: do slots move, does anybody write there?", "then empty it and try again"],
  });
}

/** Right before anything is written: what going back empties held nothing. */
export const restoreClaim = defineAction({
  name: "restore.claim",
  summary:
    "Makes sure once more that primaries are empty, right before keys are written to them: from here on going back empties them",
  scope: "controller",
  effect: "change",
  input: z.strictObject({ primaries: z.array(z.string()).min(1) }),
  output: z.strictObject({}),
  example: `- id: claim
  action: restore.claim
  with: { primaries: ["r1:6379"] }
  undo: { action: restore.empty, with: { primaries: ["r1:6379"] } }`,
  commands: ({ primaries }) => [{ transport: "redis", text: `DBSIZE, on ${primaries.join(", ")}` }],
  async run({ primaries }, context) {
    for (const id of primaries) {
      const redis = await context.redis(instanceNamed(context.deployment, id));
      const keyspace = String(await redis.command(["INFO", "keyspace"], { signal: context.signal }));
      if (/^db\d+:keys=/m.test(keyspace)) throw notEmpty(id);
    }
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

function notEmpty(instance: string): RedishaError {
  return new RedishaError({
    code: "RESTORE_REFUSED",
    message: `${instance} was empty when it was looked at, and holds keys now: somebody writes to it.`,
    host: instance,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status", "keep applications away from it until the backup is there"],
  });
}

/** Takes back what restore.route wrote to primaries that were empty. */
export const restoreEmpty = defineAction({
  name: "restore.empty",
  summary: "Empties primaries: takes back keys that were written to ones that were empty before",
  scope: "controller",
  effect: "destructive",
  input: z.strictObject({ primaries: z.array(z.string()).min(1) }),
  output: z.strictObject({}),
  example: `- id: empty
  action: restore.empty
  with: { primaries: ["r1:6379"] }
  undo: none`,
  commands: ({ primaries }) => [{ transport: "redis", text: `FLUSHALL, on ${primaries.join(", ")}` }],
  async run({ primaries }, context) {
    for (const id of primaries) {
      const redis = await context.redis(instanceNamed(context.deployment, id));
      await redis.command(["FLUSHALL"], { signal: context.signal, timeoutMs: 600_000 });
    }
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

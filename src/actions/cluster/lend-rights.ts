import { z } from "zod";
import { RedisReplyError } from "../../connect/redis/reply-error.ts";
import type { RedisConnection } from "../../connect/types.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import { replicaLogin } from "../acl/user.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/**
 * What Valkey's target asks of the user as whom the source logs in to it, which is that of the replicas: every command that comes
 * over is held against its rights (seen on 9.1: NOPERM for CLUSTER SYNCSLOTS, then for SELECT, then for each write). Redis 8.4
 * asks nothing of it.
 */
const COMMANDS = "-@all +@write +@transaction +select +ping +publish +spublish +cluster|syncslots";
const LENT = `(~* &* ${COMMANDS})`;

/** One of each kind, as ACL DRYRUN takes them. */
const TRIED = [
  ["CLUSTER", "SYNCSLOTS", "ESTABLISH"],
  ["SELECT", "0"],
  ["RESTORE", "key", "0", "value"],
];

/**
 * Lets servers that move slots by themselves write at the targeted one, for as long as that takes. The rights stand in a selector
 * of their own beside those that the user has, so that taking them back leaves it exactly as it was; nothing is written down, so that
 * a restart takes them back too.
 */
export const clusterLendRights = defineAction({
  name: "cluster.lend_rights",
  summary:
    "Lends the user of the replicas, on each targeted server, the rights that Valkey 9 needs of it to take slots in, or takes them back; one that has them, or selectors of its own, is left alone",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ lend: z.boolean().describe("false: take them back") }),
  output: z.strictObject({ user: z.string().describe("Empty where it could not be looked at") }),
  example: `- id: lend
  action: cluster.lend_rights
  targets: { role: primary }
  with: { lend: true }
  undo: { action: cluster.lend_rights, with: { lend: false } }`,
  commands: ({ lend }) => [redisCommand(["ACL", "SETUSER", "‹user of replication›", ...rulesOf(lend)])],
  async run({ lend }, context) {
    const redis = await context.redis(instanceOf(context));
    try {
      const { user } = await replicaLogin(redis);
      const changes = lend ? await lacksRights(user, redis, context) : await hasLent(user, redis);
      if (changes) await redis.command(["ACL", "SETUSER", user, ...rulesOf(lend)], { signal: context.signal });
      return { outputs: { user }, changed: changes };
    } catch (error) {
      // Whoever may not look at users may not change them: slots go key by key then, which needs no such rights.
      if (lend && error instanceof RedisReplyError && error.reply.startsWith("NOPERM"))
        return { outputs: { user: "" }, changed: false };
      throw error;
    }
  },
  repeatable: true,
});

function rulesOf(lend: boolean): string[] {
  return lend ? [LENT] : ["clearselectors"];
}

async function lacksRights(user: string, redis: RedisConnection, { signal }: ActionContext): Promise<boolean> {
  const selectors = await selectorsOf(user, redis);
  if (selectors === undefined || selectors.length > 0) return false;
  const tries = await redis.pipeline(
    TRIED.map((command) => ["ACL", "DRYRUN", user, ...command]),
    { signal },
  );
  return tries.some((answer) => answer !== "OK");
}

/** Whether all selectors that it has are those that were lent. */
async function hasLent(user: string, redis: RedisConnection): Promise<boolean> {
  const selectors = await selectorsOf(user, redis);
  return selectors !== undefined && selectors.length > 0 && selectors.every(({ commands }) => commands === COMMANDS);
}

/** Undefined where the server has no such user. */
async function selectorsOf(user: string, redis: RedisConnection): Promise<Record<string, string>[] | undefined> {
  const reply = await redis.command(["ACL", "GETUSER", user]);
  if (!Array.isArray(reply)) return undefined;
  const selectors = reply[reply.indexOf("selectors") + 1];
  return Array.isArray(selectors) ? selectors.map(pairsOf) : [];
}

import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { afterSwitchover } from "../../topology/after-switchover.ts";
import { bestCandidate } from "../../topology/promotable.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { groupOf } from "../replication/group.ts";
import { promotedOf } from "../replication/promotion.ts";
import { stuck } from "../replication/stuck.ts";
import { successorOf, tookOver } from "../replication/took-over.ts";
import { orderFailover } from "./order-failover.ts";
import { masterNameOf, watchersOf } from "./watchers.ts";

/**
 * Moves the primary by Valkey's own coordinated failover (9.0 and later): Sentinel has the primary stop writes, wait for the
 * replica and change places with it. It goes on, or gives up, without redisha. Slower than sentinel.switchover: the primary
 * waits for what its replicas tell it of themselves once a second, and no moment to begin is better than another.
 */
export const sentinelCoordinated = defineAction({
  name: "sentinel.coordinated",
  summary: "Has Sentinel change the places of the targeted primary and a replica, by Valkey's FAILOVER COORDINATED",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    to: z.string().default("").describe("Instance that is to be the primary; empty where Sentinel chooses"),
    patience: durationSchema.default(5_000).describe("How long the promotion may take, e.g. 5s"),
  }),
  output: z.strictObject({
    from: z.string().describe("The primary that was"),
    to: z.string().describe("The primary that is"),
    sentinel: z.string().describe("Which one ordered it"),
    promoted_after_ms: z.number().describe("From the order until the replica was a primary"),
  }),
  example: `- id: switch
  action: sentinel.coordinated
  targets: { role: primary }
  with: { to: "r2:6379" }
  undo: none`,
  commands: () => [{ transport: "redis", text: "SENTINEL FAILOVER ‹master name› COORDINATED  # at one Sentinel" }],
  takesMs: ({ patience }) => 2 * patience + 30_000,
  before: async (_input, context) => ({ primary: instanceOf(context).id }),
  async run({ to, patience }, context) {
    const already = await successorOf(to, context);
    if (already !== undefined) {
      return {
        outputs: { from: instanceOf(context).id, to: already, sentinel: "", promoted_after_ms: 0 },
        changed: false,
      };
    }
    const { primary, replicas, topology } = await groupOf(to, context);
    await refuseUnpermitted(primary.connection);
    const [watcher] = await watchersOf(primary.id, topology, context);
    if (!watcher) throw new TypeError("no Sentinel, and no error that says so");
    const ordered = performance.now();
    await orderFailover(
      watcher,
      ["SENTINEL", "FAILOVER", masterNameOf(context), "COORDINATED"],
      async () => undefined,
      patience,
    );
    const promoted = await promotedOf(replicas, patience, context);
    if (!promoted) {
      // Without it the primary would stand still for all of Sentinel's failover-timeout.
      await primary.connection.pipeline([["FAILOVER", "ABORT"]]);
      throw stuck(to || "a replica", primary.id, patience);
    }
    const promoted_after_ms = Math.round(performance.now() - ordered);
    return { outputs: { from: primary.id, to: promoted.id, sentinel: watcher.id, promoted_after_ms }, changed: true };
  },
  simulate({ to }, topology, { instance }) {
    const next =
      to || bestCandidate(topology.nodes.filter(({ primary_id, up }) => up && primary_id === instance?.id))?.id;
    return next === undefined ? topology : afterSwitchover(topology, next);
  },
  probe: (_input, context) => tookOver(context),
});

/** What Sentinel sends to the primary, as one transaction, and the rule that lets it (sentinelFailoverSendFailover, Valkey 9). */
const SENT: readonly { readonly argv: readonly string[]; readonly rule: string }[] = [
  { argv: ["MULTI"], rule: "+multi" },
  { argv: ["CLIENT", "PAUSE", "1", "WRITE"], rule: "+client|pause" },
  { argv: ["FAILOVER"], rule: "+failover" },
  { argv: ["EXEC"], rule: "+exec" },
];

/**
 * Sentinel does so by its own user, who seldom may: and where it may not, nothing says so but ACL LOG, and nobody moves until
 * failover-timeout is up. The user is known by the connections that Sentinels hold. Fails with SENTINEL_LACKS_FAILOVER.
 */
async function refuseUnpermitted(connection: RedisConnection): Promise<void> {
  const [clients] = await connection.pipeline([["CLIENT", "LIST"]]);
  if (clients === undefined || clients instanceof Error) return;
  const users = [...String(clients).matchAll(/^.* name=sentinel-\S+ .* user=(\S+)/gm)].map(([, user = ""]) => user);
  for (const user of new Set(users)) {
    const tried = await connection.pipeline(SENT.map(({ argv }) => ["ACL", "DRYRUN", user, ...argv]));
    const lacks = SENT.filter((_, n) => !(tried[n] instanceof Error) && tried[n] !== "OK").map(({ rule }) => rule);
    if (lacks.length > 0) throw lacksFailover(connection.instance, user, lacks);
  }
}

function lacksFailover(primary: string, user: string, lacks: readonly string[]): RedishaError {
  return new RedishaError({
    code: "SENTINEL_LACKS_FAILOVER",
    message: `Sentinel's user ${user} has not all rights on ${primary} that COORDINATED needs: it lacks ${lacks.join(" ")}.`,
    host: primary,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: [
      `on every data node: ACL SETUSER ${user} ${lacks.join(" ")}, then ACL SAVE`,
      "or let redisha stop the writes itself: redisha switchover --method fence",
    ],
  });
}

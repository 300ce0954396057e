import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type NodeView, readViews } from "../../reshard/cluster-view.ts";
import { membersOf } from "../../reshard/members.ts";
import { afterLeave } from "../../topology/after-membership.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { dataInstances, forgetEverywhere } from "./membership.ts";
import { reachOf } from "./reach.ts";

/** A replica throws its copy away when it is reset, and answers nobody meanwhile: some hundred gigabytes in this time. */
const RESET_MS = 600_000;

const beforeSchema = z.object({ node_id: z.string() });

/**
 * Takes a server that is not needed any more out of the cluster. One action, since all must forget it before the first one
 * may hear of it again, and since it would go on calling the others until it is reset.
 */
export const clusterLeave = defineAction({
  name: "cluster.leave",
  summary: "Has every node forget the targeted one, and resets it: never over keys that nobody else has",
  scope: "instance",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({
    told: z.array(z.string()).describe("Who has forgotten it"),
    away: z.array(z.string()).describe("Members that could not be told, and may bring it back"),
  }),
  example: `- id: leave
  action: cluster.leave
  targets: { role: data, where: host.id == inputs.node }
  with: {}
  undo: { action: cluster.join, with: { homes: "\${{ before.homes }}" } }`,
  commands: (_input, { instance }) => [
    { transport: "redis", text: `CLUSTER FORGET ${instance?.id ?? "NODE"}  # on every other node` },
    redisCommand(["CLUSTER", "RESET", "HARD"]),
  ],
  takesMs: () => RESET_MS,
  async before(_input, context) {
    const { id } = instanceOf(context);
    const { own, leader } = await viewsOf(context);
    return { node_id: own.nodeId, homes: leader ? { [id]: leader.instance } : {} };
  },
  async run(_input, context) {
    const { id } = instanceOf(context);
    const { own, leader } = await viewsOf(context);
    await refuseOverKeys(own, leader, context);
    const { success, data } = beforeSchema.safeParse(context.before);
    const forgotten = await forgetEverywhere(success ? data.node_id : own.nodeId, context, id);
    const alone = own.lines.length === 1;
    if (!alone) {
      const connection = await context.redis(instanceOf(context));
      await connection.command(["CLUSTER", "RESET", "HARD"], { signal: context.signal, timeoutMs: RESET_MS });
    }
    return { outputs: forgotten, changed: !alone || forgotten.told.length > 0 };
  },
  simulate: (_input, topology, { instance }) => (instance ? afterLeave(topology, instance.id) : topology),
  repeatable: true,
});

/** What the target says, and whom it follows, where that one answers. */
async function viewsOf(context: ActionContext): Promise<{ own: NodeView; leader: NodeView | undefined }> {
  const { id } = instanceOf(context);
  const views = await readViews(dataInstances(context), reachOf(context));
  const own = views.find(({ instance }) => instance === id);
  if (!own) throw refusal("CLUSTER_NODE_SILENT", id, "does not answer", ["redisha cluster forget, where it is gone"]);
  return { own, leader: membersOf(views, id).find(({ nodeId }) => nodeId === own.primaryId) };
}

async function refuseOverKeys(own: NodeView, leader: NodeView | undefined, context: ActionContext): Promise<void> {
  const { id } = instanceOf(context);
  if (own.primaryId !== null) {
    if (leader) return;
    throw refusal("CLUSTER_ONLY_COPY", id, "follows a primary that does not answer: it may have the only copy", [
      "bring its primary back, or let it take over",
    ]);
  }
  const connection = await context.redis(instanceOf(context));
  const keys = Number(await connection.command(["DBSIZE"], { signal: context.signal }));
  if (keys === 0 && !own.owners.includes(own.nodeId)) return;
  throw refusal("CLUSTER_NODE_HOLDS_KEYS", id, `is a primary with slots, or with keys (${keys})`, [
    "redisha cluster remove-node moves them away first",
    "redisha cluster check says where keys lie that belong elsewhere",
  ]);
}

function refusal(code: string, id: string, why: string, next: string[]): RedishaError {
  return new RedishaError({
    code,
    message: `${id} cannot be taken out of the cluster: it ${why}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "it is in the cluster as it was",
    next,
  });
}

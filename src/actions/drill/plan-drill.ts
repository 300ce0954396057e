import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { tagFor } from "../../drill/hash-slot.ts";
import { PROBE_KINDS } from "../../drill/recording.ts";
import { type DrillSettings, KEY_PREFIX, type PlainAuth, type PlainHost } from "../../drill/settings.ts";
import type { Deployment, Host } from "../../inventory/model.ts";
import type { Shard, Topology } from "../../topology/schema.ts";
import type { ActionContext } from "../contract.ts";
import type { DrillInput } from "./start.ts";

/** How often each instance is looked at: often enough to place a change within 20 ms. */
const POLL_MS = 15;

/** CLUSTER NODES grows with the cluster: with many nodes each is looked at less often. */
const POLL_MS_PER_NODE = 3;

/** Settles, from what is there now, whom the probes of a drill talk to and where they write. */
export async function planDrill(input: DrillInput, context: ActionContext): Promise<DrillSettings> {
  const { deployment } = context;
  const topology = await context.topology({ fresh: true });
  const shard = shardOf(topology, input.shard);
  if (shard.primary_id === null) {
    throw new RedishaError({
      code: "DRILL_NO_PRIMARY",
      message: `${deployment.kind === "cluster" ? `Shard ${shard.id}` : deployment.name} has no primary that answers: there is nothing to drill.`,
      state: "nothing was started",
      next: ["redisha status"],
    });
  }
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const tag = deployment.kind === "cluster" ? `{${tagFor(shard.slots)}}:` : "";
  const { kind } = deployment;
  return {
    run: context.life.id,
    deployment: deployment.name,
    kind,
    master_name: deployment.masterName ?? null,
    instances: await Promise.all(
      deployment.instances.map(async ({ id, kind, host, address, port }) => ({
        ...{ id, kind, address, port, host: await plainHost(host) },
        announced: nodes.get(id)?.announced ?? null,
        node_id: nodes.get(id)?.cluster?.node_id ?? null,
      })),
    ),
    auth: { data: await plainAuth(deployment.auth.data), sentinel: await plainAuth(deployment.auth.sentinel) },
    tls: deployment.tls ?? null,
    redis_via: deployment.redisVia,
    connect_ms: deployment.timeouts.connectMs,
    command_ms: deployment.timeouts.commandMs,
    mode: input.mode,
    shard: shard.id,
    members: [shard.primary_id, ...shard.replica_ids].filter((id) =>
      deployment.instances.some((each) => each.id === id),
    ),
    old_primary: shard.primary_id,
    prefix: `${KEY_PREFIX}${context.life.id}:${tag}`,
    probes: PROBE_KINDS.flatMap((kind) =>
      Array.from({ length: input.probes[kind] ?? 0 }, (_, n) => ({ name: `${kind}-${n + 1}`, kind })),
    ),
    rate: input.rate,
    answer_ms: input.answer_timeout,
    wait_replicas: input.wait_replicas,
    expire_s: Math.ceil(input.expire / 1_000),
    limit_ms: input.limit,
    poll_ms: kind === "cluster" ? Math.max(POLL_MS, POLL_MS_PER_NODE * topology.nodes.length) : POLL_MS,
  };
}

function shardOf({ shards, kind }: Topology, wanted: string | undefined): Shard {
  const found = wanted === undefined ? shards[0] : shards.find(({ id }) => id === wanted);
  if (found) return found;
  throw new RedishaError({
    code: "DRILL_NO_SUCH_SHARD",
    message: wanted === undefined ? "No primary was found." : `There is no shard ${wanted}.`,
    exit: wanted === undefined ? EXIT.failedSafe : EXIT.usage,
    state: "nothing was started",
    next: [
      kind === "cluster" ? `use one of: ${shards.map(({ id }) => id).join(", ")}` : "leave `shard` out",
      "redisha status",
    ],
  });
}

async function plainHost({ name, address, ssh }: Host): Promise<PlainHost> {
  if (typeof ssh === "string") return { name, address, ssh };
  const { passphrase, ...settings } = ssh;
  // One that cannot be read may not be needed either: whoever connects finds out.
  const secret = await passphrase?.().catch(() => undefined);
  return { name, address, ssh: { ...settings, ...(secret === undefined ? {} : { secret }) } };
}

async function plainAuth({ username, password }: Deployment["auth"]["data"]): Promise<PlainAuth> {
  const value = await password?.();
  return { ...(username === undefined ? {} : { username }), ...(value === undefined ? {} : { password: value }) };
}

import { z } from "zod";
import { fingerprintOf } from "../../backup/fingerprint.ts";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Shard } from "../../repository/manifest.ts";
import { refusesLogin } from "../../topology/locked-out.ts";
import type { Shard as LiveShard, Topology } from "../../topology/schema.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { locateStopped } from "../service/locate.ts";
import { readConfigFiles } from "./look-stopped.ts";
import { type Part, partsSchema } from "./schemas.ts";
import { type OpenBackup, openBackup } from "./source.ts";

/** Finds the backup, and which primary gets which part of it. */
export const restoreChoose = defineAction({
  name: "restore.choose",
  summary:
    "Finds the backup that is meant, makes sure that it is one of this deployment, and which primary gets which part",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    backup: z.string().default("latest").describe("Id of a backup, or latest"),
    from: z
      .string()
      .nullable()
      .default(null)
      .describe("The deployment that it is a backup of, where that is another one"),
    identities: z.array(z.string()).default([]).describe("Files of age keys, in place of those of redisha.yaml"),
    shard: z.string().nullable().default(null).describe("Only this shard of a Cluster: c0-5460"),
    at: z.string().nullable().default(null).describe("A moment: what was followed counts, too"),
    config_files: z.array(z.string()).default([]).describe("INSTANCE=PATH of servers that do not run"),
  }),
  output: z.strictObject({
    backup: z.string().describe("Its id"),
    from: z.string().describe("The deployment that it is a backup of"),
    identities: z.array(z.string()),
    saved_at: z.string().describe("State that it holds"),
    parts: partsSchema,
    primaries: z.array(z.string()).describe("Instances that get a part"),
    replicas: z.array(z.string()).describe("Instances that follow them"),
    touched: z.array(z.string()).describe("Both"),
    left_out: z
      .array(z.strictObject({ instance: z.string(), why: z.string() }))
      .describe("Replicas that are down and cannot be started from here: they sync when they come back"),
  }),
  example: `- id: choose
  action: restore.choose
  with: { backup: latest }`,
  commands: () => [],
  async run({ backup, from, identities, shard, at, config_files }, context) {
    const open = await openBackup({ backup, from: from ?? "", identities, at }, context);
    const { manifest } = open;
    const topology = await context.topology({ fresh: true });
    refuseForeign(open, topology, from, context);
    const wanted = shard === null ? manifest.shards : manifest.shards.filter(({ name }) => name === shard);
    if (wanted.length === 0) throw noShard(shard ?? "", open);
    const parts = wanted.map((each) => partFor(each, topology, context, open));
    refuseShutDoor(parts, topology);
    const primaries = parts.map(({ instance }) => instance);
    const leftOut = await outOfReach(parts, topology, config_files, context);
    const left = new Set(leftOut.map(({ instance }) => instance));
    const parted = parts.map((part) => ({ ...part, replicas: part.replicas.filter((id) => !left.has(id)) }));
    const replicas = parted.flatMap((part) => part.replicas);
    return {
      outputs: {
        backup: manifest.id,
        from: manifest.deployment,
        identities,
        saved_at: manifest.started,
        parts: Object.fromEntries(parted.map((part) => [part.instance, part])),
        primaries,
        replicas,
        touched: [...primaries, ...replicas],
        left_out: leftOut,
      },
      changed: false,
    };
  },
});

/** A backup of another deployment is restored only where that was said; the same name alone proves nothing. */
function refuseForeign(
  { manifest }: OpenBackup,
  topology: Topology,
  from: string | null,
  { deployment }: ActionContext,
): void {
  const ours = fingerprintOf(
    deployment,
    deployment.kind === "cluster"
      ? topology.shards.map(({ slots }) => slots)
      : manifest.shards.map(({ slots }) => slots),
  );
  const another = manifest.deployment !== deployment.name;
  if (another ? from === manifest.deployment : ours === manifest.fingerprint || deployment.kind === "cluster") return;
  throw new RedishaError({
    code: "RESTORE_FOREIGN",
    message: another
      ? `Backup ${manifest.id} is one of ${manifest.deployment}, not of ${deployment.name}.`
      : `Backup ${manifest.id} is one of another deployment that was called ${deployment.name}, too: ${manifest.topology}, with another group or other shards.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [
      `redisha backup show ${manifest.id}`,
      `redisha restore ${manifest.id} --to DEPLOYMENT`,
      "redisha restore --to-scratch",
    ],
  });
}

function partFor(shard: Shard, topology: Topology, context: ActionContext, open: OpenBackup): Part {
  const live = liveShard(shard, topology);
  if (!live) throw otherSlots(shard, topology, open);
  const instance = live.primary_id ?? primaryBySentinels(topology) ?? declaredPrimary(context);
  if (instance === undefined) throw noPrimary(shard.name);
  const { deployment } = context;
  const members = deployment.kind === "cluster" ? live.replica_ids : dataIds(context);
  const file = shard.files.find(({ kind }) => kind === "rdb");
  return {
    shard: shard.name,
    instance,
    replicas: members.filter((id) => id !== instance),
    rebuilt: file === undefined,
    size: file?.size_raw ?? shard.files.reduce((sum, { size_raw }) => sum + size_raw, 0),
    magic: shard.rdb?.magic ?? null,
    format: shard.rdb?.version ?? null,
    seeds: shard.rdb?.repl_id !== undefined && shard.rdb.repl_offset !== undefined,
    used_memory: shard.server.used_memory,
    keys: shard.keys?.read ?? null,
    modules: shard.server.modules.map(({ name }) => name).sort(),
    arch_bits: shard.server.arch_bits,
    databases: Math.max(0, ...Object.keys(shard.keys?.per_db ?? {}).map((db) => Number(db) + 1)),
  };
}

/** Without Cluster there is one shard; in a Cluster, the one that owns exactly these slots. */
function liveShard({ slots }: Shard, { kind, shards }: Topology): LiveShard | undefined {
  if (kind !== "cluster") return slots.length === 0 ? shards[0] : undefined;
  const wanted = JSON.stringify(slots);
  return shards.find((each) => JSON.stringify(each.slots) === wanted);
}

/**
 * Whom Sentinels name while it does not answer; undefined where they do not agree. Where they have not told each other yet
 * of a failover, the newest configuration is the one that all take over.
 */
function primaryBySentinels({ sentinels }: Topology): string | undefined {
  const asked = sentinels.filter(({ up, primary_id }) => up && primary_id !== null);
  const newest = Math.max(...asked.map(({ config_epoch }) => config_epoch ?? 0));
  const named = new Set(
    asked.filter(({ config_epoch }) => (config_epoch ?? 0) === newest).map((each) => each.primary_id),
  );
  const [only] = named;
  return named.size === 1 ? (only ?? undefined) : undefined;
}

/** One that answers and does not let redisha in would run on while the others are stopped, with what it holds now. */
function refuseShutDoor(parts: readonly Part[], { nodes }: Topology): void {
  const touched = new Set(parts.flatMap(({ instance, replicas }) => [instance, ...replicas]));
  const shut = nodes.find((node) => touched.has(node.id) && refusesLogin(node));
  if (!shut) return;
  const { id, reach } = shut;
  throw new RedishaError({
    code: reach.code ?? "REDIS_DENIED",
    message: reach.message ?? `${id} does not let redisha in.`,
    host: id,
    exit: EXIT.cannotConnect,
    state: "nothing was touched; it runs, and could not be stopped for the restore",
    next: reach.next,
  });
}

/**
 * Replicas that are down and that nothing here could start: their host does not answer, or nobody knows how they are run.
 * They hold back nothing: whenever they come back, their primary makes them take its data.
 */
async function outOfReach(
  parts: readonly Part[],
  { nodes }: Topology,
  configFiles: readonly string[],
  context: ActionContext,
): Promise<{ instance: string; why: string }[]> {
  const down = new Set(nodes.filter(({ up, reach }) => !up && !reach.ok).map(({ id }) => id));
  const found: { instance: string; why: string }[] = [];
  for (const id of parts.flatMap(({ replicas }) => replicas).filter((each) => down.has(each))) {
    const instance = context.deployment.instances.find((each) => each.id === id);
    if (!instance) continue;
    try {
      await locateStopped(instance, readConfigFiles(configFiles)[id], context);
    } catch (error) {
      context.signal.throwIfAborted();
      const why = messageOf(error);
      context.emit({ type: "warning", message: `${id} is left out, and syncs when it comes back: ${why}` });
      found.push({ instance: id, why });
    }
  }
  return found;
}

function declaredPrimary({ deployment }: ActionContext): string | undefined {
  return deployment.instances.find(({ initialPrimary }) => initialPrimary)?.id;
}

function dataIds({ deployment }: ActionContext): string[] {
  return deployment.instances.filter(({ kind }) => kind === "data").map(({ id }) => id);
}

function noShard(name: string, { manifest }: OpenBackup): RedishaError {
  return new RedishaError({
    code: "RESTORE_NO_SHARD",
    message: `Backup ${manifest.id} has no shard ${name}; it has ${manifest.shards.map((each) => each.name).join(", ")}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
  });
}

/** Keys that a node finds to be of others' slots make it take those slots for its own, and the Cluster goes on as if all were well. */
function otherSlots({ name }: Shard, { kind, shards }: Topology, { manifest }: OpenBackup): RedishaError {
  const are = kind === "cluster" ? `its shards are ${shards.map(({ id }) => id).join(", ")}` : "this is no Cluster";
  return new RedishaError({
    code: "RESTORE_SLOTS_DIFFER",
    message: `Shard ${name} of backup ${manifest.id} has no counterpart here: ${are}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [
      "redisha status",
      `redisha backup show ${manifest.id}`,
      `key by key, into a deployment that is empty: redisha restore ${manifest.id} --routed`,
    ],
  });
}

function noPrimary(shard: string): RedishaError {
  return new RedishaError({
    code: "RESTORE_NO_PRIMARY",
    message: `Nobody is known to be the primary of ${shard}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["redisha status"],
  });
}

import { createHash } from "node:crypto";
import type { DataNode, Shard, Topology } from "../topology/schema.ts";

/** What a source must be like, and how the file is to be had from it. */
export interface SourcePolicy {
  /** Take the primary where no replica will do. */
  readonly allowPrimary: boolean;
  /** Bytes that a replica may be behind. */
  readonly lagBytes: number;
  /** Seconds since the primary may last have heard from it. */
  readonly lagSeconds: number;
  readonly method: Method | "auto";
  /** Names of hosts that have SSH: without it a file can only be pulled by replication. */
  readonly hostsWithShell: ReadonlySet<string>;
}

export const METHODS = ["bgsave", "sync", "aof"] as const;
export type Method = (typeof METHODS)[number];

/** A node that could be the source of a shard, and what speaks for or against it. */
export interface Candidate {
  readonly instance: string;
  readonly role: DataNode["role"];
  readonly chosen: boolean;
  readonly eligible: boolean;
  /** One clause for people: why it is taken, comes later, or cannot be used. */
  readonly reason: string;
}

export interface ChosenSource {
  /** `main`, or the slots of the shard: `c0-5460`. */
  readonly shard: string;
  readonly slots: readonly (readonly [number, number])[];
  readonly instance: string;
  readonly host: string;
  readonly role: "primary" | "replica";
  readonly primary: string;
  readonly node_id: string | null;
  readonly fell_back_to_primary: boolean;
  readonly lag_bytes: number | null;
  readonly lag_seconds: number | null;
  readonly method: Method;
  readonly method_reason: string;
}

export interface Choice {
  readonly sources: readonly ChosenSource[];
  readonly candidates: readonly (Candidate & { readonly shard: string })[];
  /** Why there is no whole set; empty where every shard has a source. */
  readonly problems: readonly string[];
}

/** Slots of a Cluster. */
const SLOTS = 16_384;
/** Keys that a replica may be short of: its primary counts keys that are about to expire, and lag is in bytes, not keys. */
const KEYS_SHORT = { share: 0.1, least: 1_000 };

/**
 * Which node each shard is read from: the healthiest replica, the primary only where that is allowed. Every candidate gets
 * a reason. A shard without a source, a slot that nobody owns and a slot that is on the move are problems, never left out.
 */
export function chooseSources(topology: Topology, policy: SourcePolicy): Choice {
  const problems = topology.kind === "cluster" ? slotProblems(topology) : [];
  const sources: ChosenSource[] = [];
  const candidates: (Candidate & { shard: string })[] = [];
  if (topology.shards.length === 0) problems.push("no shard is known: no instance answered");
  for (const shard of topology.shards) {
    const name = shardName(topology, shard);
    const judged = judgeShard(topology, shard, policy);
    const best = judged.find(({ eligible }) => eligible);
    const primary = shard.primary_id;
    candidates.push(
      ...judged.map(({ node, eligible, reason }) => ({
        shard: name,
        instance: node.id,
        role: node.role,
        chosen: node === best?.node,
        eligible,
        reason,
      })),
    );
    if (!best || primary === null) problems.push(withoutSource(name, primary, judged, policy));
    else {
      // A replica that follows somebody else is in no shard, but it is missing here.
      const alone = judged.length === 1 && topology.nodes.length === topology.shards.length;
      sources.push(sourceOf(name, shard.slots, best.node, primary, alone, policy));
    }
  }
  return { sources, candidates, problems };
}

/** The same for every set of a deployment, whatever its nodes are called: where restores look for the slots of a shard. */
export function shardName({ kind }: Topology, { id, slots }: Shard): string {
  if (kind !== "cluster") return "main";
  if (slots.length < 2) return `c${id}`;
  // A Cluster that was often rebalanced has hundreds of ranges: too long for the name of a folder.
  return `c${id}-${createHash("sha256").update(JSON.stringify(slots)).digest("hex").slice(0, 8)}`;
}

interface Judged {
  readonly node: DataNode;
  readonly eligible: boolean;
  readonly reason: string;
}

function judgeShard(topology: Topology, shard: Shard, policy: SourcePolicy): Judged[] {
  const node = (id: string | null) => topology.nodes.find((each) => each.id === id);
  const primary = node(shard.primary_id);
  const replicas = shard.replica_ids
    .flatMap((id) => node(id) ?? [])
    .map((replica) => judgeReplica(replica, primary, policy))
    .sort((a, b) => Number(b.eligible) - Number(a.eligible) || byPreference(a.node, b.node, primary));
  return primary ? [...replicas, judgePrimary(primary, policy)] : replicas;
}

function judgeReplica(node: DataNode, primary: DataNode | undefined, policy: SourcePolicy): Judged {
  const objection = common(node, policy) ?? whyNotReplica(node, primary, policy);
  if (objection !== undefined) return { node, eligible: false, reason: objection };
  const apart =
    node.zone !== null && node.zone !== (primary?.zone ?? null) ? "in another zone than the primary" : undefined;
  const strengths = [node.priority === 0 ? "never promoted" : undefined, apart, `${node.lag ?? 0} bytes behind`];
  return { node, eligible: true, reason: strengths.filter((each) => each !== undefined).join(", ") };
}

/** A replica that has never had its primary's data saves a valid, empty file: whether its link is up comes first. */
function whyNotReplica(node: DataNode, primary: DataNode | undefined, policy: SourcePolicy): string | undefined {
  if (node.role !== "replica") return "is no replica by its own words";
  if (node.sync_in_progress === true) return "is being synchronised";
  if (node.link_up !== true) return "its link to the primary is down";
  if (node.lag === null) return "how far it is behind is not known";
  if (node.lag > policy.lagBytes) return `${node.lag} bytes behind, more than ${policy.lagBytes}`;
  if (node.lag_s !== null && node.lag_s > policy.lagSeconds) {
    return `not heard of for ${node.lag_s} s by the primary, more than ${policy.lagSeconds}`;
  }
  const least = primary?.keys == null ? 0 : primary.keys - Math.max(KEYS_SHORT.least, primary.keys * KEYS_SHORT.share);
  if (node.keys === null || node.keys < least)
    return `has ${node.keys ?? "an unknown number of"} keys, the primary ${primary?.keys}`;
  // Where the primary has some at all, a replica with none has not had its data.
  if (node.keys === 0 && (primary?.keys ?? 0) > 0 && node.lag > 0) return `has no keys, the primary ${primary?.keys}`;
  return undefined;
}

function judgePrimary(node: DataNode, policy: SourcePolicy): Judged {
  const objection =
    common(node, policy) ??
    (node.role === "primary" ? undefined : "is no primary by its own words") ??
    (policy.allowPrimary ? undefined : "is the primary, which is only read with --allow-primary");
  return { node, eligible: objection === undefined, reason: objection ?? "the primary, since no replica will do" };
}

function common(node: DataNode, policy: SourcePolicy): string | undefined {
  if (!node.listed) return "does not stand in redisha.yaml";
  if (!node.reach.ok) return "does not answer";
  if (node.loading) return "is loading its data";
  if (!node.up) return "is not up";
  if (needsShell(policy.method) && !policy.hostsWithShell.has(node.host))
    return `its host has no SSH, which ${policy.method} needs`;
  if (policy.method === "aof" && node.aof_enabled !== true) return "its append-only file is off";
  return undefined;
}

function needsShell(method: SourcePolicy["method"]): boolean {
  return method === "bgsave" || method === "aof";
}

/** Below zero: `a` first. What nobody promotes disturbs least; then another zone, less lag, fewer clients, the name. */
function byPreference(a: DataNode, b: DataNode, primary: DataNode | undefined): number {
  const rank = (node: DataNode): number[] => [
    node.priority === 0 ? 0 : 1,
    // A replica of a replica is behind twice.
    node.primary_id === (primary?.id ?? null) ? 0 : 1,
    node.zone !== null && node.zone !== (primary?.zone ?? null) ? 0 : 1,
    node.lag ?? Number.MAX_SAFE_INTEGER,
    node.clients ?? Number.MAX_SAFE_INTEGER,
  ];
  const [left, right] = [rank(a), rank(b)];
  const differing = left.findIndex((value, index) => value !== right[index]);
  if (differing === -1) return a.id.localeCompare(b.id, "en");
  return (left[differing] ?? 0) - (right[differing] ?? 0);
}

function sourceOf(
  shard: string,
  slots: Shard["slots"],
  node: DataNode,
  primary: string,
  alone: boolean,
  policy: SourcePolicy,
): ChosenSource {
  const role = node.id === primary ? "primary" : "replica";
  return {
    shard,
    slots,
    instance: node.id,
    host: node.host,
    role,
    primary,
    node_id: node.cluster?.node_id ?? null,
    fell_back_to_primary: role === "primary" && !alone,
    lag_bytes: role === "replica" ? node.lag : null,
    lag_seconds: role === "replica" ? node.lag_s : null,
    ...methodFor(node, policy),
  };
}

function methodFor(
  node: DataNode,
  { method, hostsWithShell }: SourcePolicy,
): Pick<ChosenSource, "method" | "method_reason"> {
  if (method !== "auto") return { method, method_reason: "as asked for" };
  if (hostsWithShell.has(node.host))
    return { method: "bgsave", method_reason: `${node.host} has SSH: the file is checked where it was written` };
  return { method: "sync", method_reason: `${node.host} has no SSH: the file is pulled by replication` };
}

function withoutSource(
  name: string,
  primary: string | null,
  judged: readonly Judged[],
  { allowPrimary }: SourcePolicy,
): string {
  const shard = name === "main" ? "the deployment" : `shard ${name}`;
  if (primary === null) return `${shard} has no primary`;
  const why = judged.map(({ node, reason }) => `${node.id} ${reason}`).join("; ");
  const flag = allowPrimary ? "" : "; the primary would be read with --allow-primary";
  return `${shard} has no source: ${why}${flag}`;
}

/** A set with a hole, or with keys of one slot on two shards, would be found to be one only by a restore. */
function slotProblems(topology: Topology): string[] {
  const owned = topology.shards.flatMap(({ slots }) => slots).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const problems = owned === SLOTS ? [] : [`${SLOTS - owned} of ${SLOTS} slots belong to no shard that is known`];
  for (const { id, cluster } of topology.nodes) {
    for (const { slot } of cluster?.migrating ?? []) problems.push(`slot ${slot} is being moved away from ${id}`);
    for (const { slot } of cluster?.importing ?? []) problems.push(`slot ${slot} is being moved to ${id}`);
  }
  return problems;
}

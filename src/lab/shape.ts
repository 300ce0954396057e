import { join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Engine } from "./engines.ts";
import type { LabAuth, LabProcess, LabSpec } from "./spec.ts";

type LabTopology = LabSpec["topology"];

/** What an operator may ask of a lab. Everything has a default. */
export interface LabOptions {
  readonly name?: string | undefined;
  /** Folder that holds the labs; see `labsRoot`. */
  readonly root?: string | undefined;
  readonly topology?: LabTopology | undefined;
  /** Replicas of the primary (default 2), or of each primary of a cluster (default 1). */
  readonly replicas?: number | undefined;
  /** Default 3; only with topology `sentinel`. */
  readonly sentinels?: number | undefined;
  /** Default 3; only with topology `cluster`. */
  readonly primaries?: number | undefined;
  /** Further hosts whose empty servers do not belong to the cluster yet; only with topology `cluster`. */
  readonly spares?: number | undefined;
  /** One more host whose server follows the first replica instead of the primary. */
  readonly subReplica?: boolean | undefined;
  readonly tls?: boolean | undefined;
  readonly auth?: LabAuth | undefined;
  /** False: hosts without SSH. */
  readonly ssh?: boolean | undefined;
  /** One of the engines that can be fetched, e.g. `redis-7.0`. */
  readonly engine?: string | undefined;
  /** Folder with redis-server or valkey-server in it, or in its `bin`. */
  readonly engineDir?: string | undefined;
  /** After this long without an answer an instance is held to be down: Sentinel's down-after, Cluster's node timeout. */
  readonly downAfterMs?: number | undefined;
  readonly failoverTimeoutMs?: number | undefined;
  readonly ports?: Partial<Readonly<Record<"redis" | "sentinel" | "ssh", number | undefined>>> | undefined;
  /** Redis directives for every data node. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** Take a lab of this name and shape that is already there, starting what is missing in it. */
  readonly reuse?: boolean | undefined;
}

/** Ports are the same on every host, as in real life; 2222 because port 22 is often taken on all addresses at once. */
export function portsOf(options: LabOptions): { redis: number; sentinel: number; ssh: number } {
  return {
    redis: options.ports?.redis ?? 6379,
    sentinel: options.ports?.sentinel ?? 26379,
    ssh: options.ports?.ssh ?? 2222,
  };
}

/** The addresses of a block end where people stop to read them with ease; .1 to .10 stay free for routers of one's own. */
const FIRST_ADDRESS = 11;
const MOST_HOSTS = 200;

/**
 * The whole lab as data: hosts, addresses, processes and who follows whom. Pure.
 * `network` is the first three numbers of the lab's addresses, e.g. `127.77.0`.
 */
export function shapeLab(
  options: LabOptions,
  place: { name: string; folder: string; network: string; engine: Engine; at: Date },
): LabSpec {
  const topology = options.topology ?? "sentinel";
  checkCounts(options, topology);
  const ports = portsOf(options);
  const sentinels = topology === "sentinel" ? (options.sentinels ?? 3) : 0;
  const follows = whoFollowsWhom(options, topology);
  const members = follows.length;
  const hosts = hostNames(members + (options.spares ?? 0), sentinels).map((name, index) => ({
    name,
    address: `${place.network}.${FIRST_ADDRESS + index}`,
    zone: "abc".charAt(index % 3),
  }));

  const processes: LabProcess[] = hosts.flatMap((host, index) => {
    const at = (port: number) => ({
      id: `${host.name}:${port}`,
      host: host.name,
      address: host.address,
      port,
      folder: join(place.folder, "hosts", host.name, String(port)),
    });
    const spare = index >= members && index < members + (options.spares ?? 0);
    const leader = spare ? null : follows[index];
    // Extra hosts carry only a Sentinel; otherwise Sentinels share the hosts of the data nodes, from the first on.
    const hasSentinel =
      follows.length >= sentinels ? index < sentinels : index < follows.length || leader === undefined;
    return [
      ...(options.ssh === false ? [] : [{ ...at(ports.ssh), service: "sshd" as const, follows: null }]),
      ...(leader === undefined
        ? []
        : [
            {
              ...at(ports.redis),
              service: "redis" as const,
              follows: leader === null ? null : `r${leader + 1}:${ports.redis}`,
              ...(spare ? { spare: true as const } : {}),
            },
          ]),
      ...(sentinels > 0 && hasSentinel ? [{ ...at(ports.sentinel), service: "sentinel" as const, follows: null }] : []),
    ];
  });

  return {
    version: 1,
    name: place.name,
    folder: place.folder,
    created_at: place.at.toISOString(),
    topology,
    engine: { name: place.engine.name, version: place.engine.version, server: place.engine.server },
    tls: options.tls ?? false,
    auth: options.auth ?? "none",
    ssh: options.ssh ?? true,
    master_name: "mymaster",
    quorum: Math.floor(sentinels / 2) + 1,
    down_after_ms: options.downAfterMs ?? 5_000,
    failover_timeout_ms: options.failoverTimeoutMs ?? 60_000,
    config: { ...options.config },
    hosts,
    processes,
  };
}

/** For each data node the index of the one that it follows; null for a primary. */
function whoFollowsWhom(options: LabOptions, topology: LabTopology): (number | null)[] {
  if (topology !== "cluster") {
    const replicas = options.replicas ?? 2;
    return [null, ...Array<number>(replicas).fill(0), ...(options.subReplica ? [1] : [])];
  }
  const primaries = options.primaries ?? 3;
  const replicas = (options.replicas ?? 1) * primaries;
  // Shifted by one, so that with three zones no replica shares the zone of its primary.
  return [
    ...Array<null>(primaries).fill(null),
    ...Array.from({ length: replicas }, (_, index) => (index + 1 + Math.floor(index / primaries)) % primaries),
  ];
}

function hostNames(data: number, sentinels: number): string[] {
  const withData = Array.from({ length: data }, (_, index) => `r${index + 1}`);
  const without = Array.from({ length: Math.max(0, sentinels - data) }, (_, index) => `s${data + index + 1}`);
  return [...withData, ...without];
}

function checkCounts(options: LabOptions, topology: LabTopology): void {
  const refuse = (message: string): never => {
    throw new RedishaError({ code: "LAB_SHAPE_INVALID", message, exit: EXIT.usage, state: "nothing was touched" });
  };
  const { replicas, sentinels, primaries, spares } = options;
  const counts = { replicas, sentinels, primaries, spares };
  for (const [what, count] of Object.entries(counts)) {
    if (count !== undefined && !(Number.isInteger(count) && count >= 0))
      refuse(`${what} must be a whole number, not ${count}`);
  }
  if (options.sentinels !== undefined && topology !== "sentinel") refuse(`a ${topology} lab has no Sentinels`);
  if (options.primaries !== undefined && topology !== "cluster") refuse(`a ${topology} lab has exactly one primary`);
  if (options.spares !== undefined && topology !== "cluster") refuse(`a ${topology} lab has no spare nodes`);
  if (options.sentinels === 0)
    refuse("a sentinel lab needs at least one Sentinel; for none take --topology replication");
  // Redis refuses to form a majority of two: with fewer than three primaries a cluster cannot fail over.
  if (topology === "cluster" && (options.primaries ?? 3) < 3) refuse("a cluster needs at least three primaries");
  if (options.subReplica && topology === "cluster") refuse("a cluster has no sub-replicas");
  if (options.subReplica && options.replicas === 0) refuse("a sub-replica needs a replica to follow");
  const hosts = Math.max(whoFollowsWhom(options, topology).length + (options.spares ?? 0), options.sentinels ?? 0);
  if (hosts > MOST_HOSTS) refuse(`${hosts} hosts are too many: a lab has room for ${MOST_HOSTS}`);
}

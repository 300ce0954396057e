import { z } from "zod";
import { parseBytes } from "../../../core/units.ts";
import type { Deployment } from "../../../inventory/model.ts";
import { renderTemplate } from "../../template.ts";
import { type KindFile, unrenderable } from "../kind.ts";
import { persistenceOf, type Sized, sizedBy } from "../sized.ts";

const bytes = (what: string) =>
  z
    .string()
    .refine((text) => (parseBytes(text) ?? 0) > 0, "expected a size such as 6gb")
    .transform((text) => parseBytes(text) ?? 0)
    .optional()
    .describe(what);
const label = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "expected a name of Kubernetes");

/** What redisha.yaml does not know of a cluster of Kubernetes. */
export const kubernetesOptions = {
  namespace: label.default("redis").describe("Namespace."),
  storage_class: label
    .default("longhorn-redis")
    .describe("Of volumes; longhorn-redis is rendered, too. On k3s without Longhorn: local-path."),
  storage: bytes("Of each volume. Left out: 4 times maxmemory with an append-only file, otherwise 2 times."),
  maxmemory: bytes("Data of each server. Left out: as redis.config declares it."),
  cpu: z
    .string()
    .regex(/^\d+(\.\d+)?m?$/)
    .default("1")
    .describe("Processors of each server."),
  image: z.string().regex(/^\S+$/).optional().describe("Left out: the image of the engine and version declared."),
  spread: z
    .enum(["host", "zone"])
    .optional()
    .describe(
      "What no two servers may share. Left out: the zone, where there are as many as servers; otherwise the host.",
    ),
  secret: label.optional().describe("Secret whose key `password` holds the password. Left out: NAME-password."),
};

const schema = z.strictObject(kubernetesOptions);
type KubernetesOptions = z.output<typeof schema>;

/** What manifests are made of. */
export interface KubernetesFacts extends Sized {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly cpu: string;
  readonly secret: string;
  readonly storage_class: string;
  readonly storage: number;
  /** Label of nodes that no two servers may have in common. */
  readonly topology_key: string;
  readonly servers: number;
  readonly primaries: number;
  readonly sentinels: number;
  readonly quorum: number;
  readonly down_after_ms: number;
  readonly failover_timeout_ms: number;
  readonly master_name: string;
  readonly version: string;
  readonly persistence: "aof" | "rdb" | "none";
  /** Directives as redisha.yaml declares them, but for those that the manifest sets itself. */
  readonly directives: readonly (readonly [string, string])[];
  readonly q: (text: string) => string;
  readonly quantity: (bytes: number) => string;
  /** Anti-affinity of pods with these labels, as lines that are indented so far. */
  readonly apart: (labels: Readonly<Record<string, string>>, indent: number) => string;
}

const MIB = 1024 ** 2;
/** Where images are, and which tag is taken where no version is declared. */
const IMAGES = {
  redis: ["redis", "7.2"],
  valkey: ["valkey/valkey", "8.1"],
  keydb: ["eqalpha/keydb", "latest"],
  dragonfly: ["docker.dragonflydb.io/dragonflydb/dragonfly", "latest"],
} as const;

/** Of the operator, of the manifest, or without meaning in a container. */
const NOT_TAKEN_OVER =
  /^(maxmemory|port|bind|dir|daemonize|logfile|pidfile|requirepass|masterauth|masteruser|aclfile|replicaof|slaveof|unixsocket|supervised|cluster-.*|tls-.*|replica-announce-.*)$/;

export function kubernetesFacts(deployment: Deployment, options: KubernetesOptions): KubernetesFacts {
  const { instances, sentinel, cluster, config, engine, name, hosts } = deployment;
  const sized = sizedBy(deployment, options.maxmemory);
  const count = (kind: string) => instances.filter((each) => each.kind === kind).length;
  const [servers, sentinels] = [count("data"), count("sentinel")];
  const [image, tag] = IMAGES[engine.name];
  const primaries = cluster ? Math.max(1, Math.floor(servers / (1 + cluster.replicasPerPrimary))) : 1;
  // Of a Cluster primaries are kept apart from each other, and replicas likewise.
  const together = Math.max(cluster ? Math.max(primaries, servers - primaries) : servers, sentinels);
  const zones = new Set(hosts.flatMap(({ zone }) => zone ?? [])).size;
  const spread = options.spread ?? (zones >= together ? "zone" : "host");
  const key = spread === "zone" ? "topology.kubernetes.io/zone" : "kubernetes.io/hostname";
  return {
    ...sized,
    ...{ name, namespace: options.namespace, cpu: options.cpu, storage_class: options.storage_class },
    image: options.image ?? `${image}:${engine.version ?? tag}`,
    secret: options.secret ?? `${name}-password`,
    storage: options.storage ?? sized.disk,
    topology_key: key,
    servers,
    primaries,
    sentinels,
    quorum: sentinel?.quorum ?? Math.floor(sentinels / 2) + 1,
    down_after_ms: sentinel?.downAfterMs ?? 30_000,
    failover_timeout_ms: sentinel?.failoverTimeoutMs ?? 180_000,
    master_name: deployment.masterName ?? "mymaster",
    version: engine.version ?? tag,
    persistence: persistenceOf(config),
    directives: Object.entries(config).filter(([directive]) => !NOT_TAKEN_OVER.test(directive)),
    q: (text) => JSON.stringify(text),
    quantity: (size) => `${Math.ceil(size / MIB)}Mi`,
    apart: (labels, indent) => apart(labels, key, indent),
  };
}

/** The manifest, and the class of storage where it is the one that is made for it. */
export function manifests(path: string, facts: KubernetesFacts): KindFile[] {
  const own = facts.storage_class === "longhorn-redis";
  return [
    { path, text: renderTemplate(`kubernetes/${path}.eta`, facts) },
    ...(own ? [{ path: "storage-class.yaml", text: renderTemplate("kubernetes/storage-class.yaml.eta", facts) }] : []),
  ];
}

/** What is to be done before the manifests are applied. */
export function kubernetesNotes({ secret, namespace, storage_class }: KubernetesFacts, operator: string): string[] {
  return [
    operator,
    `kubectl -n ${namespace} create secret generic ${secret} --from-file=password=/dev/stdin   (type it, then Ctrl-D twice)`,
    ...(storage_class === "longhorn-redis"
      ? ["storage-class.yaml needs Longhorn; Redis makes its own copies, so one of each volume is enough"]
      : []),
    ...(storage_class === "local-path"
      ? ["local-path of k3s ties a pod to its node: one that is lost comes back empty, and is sent everything again"]
      : []),
  ];
}

/** Fails with RENDER_UNDECLARED for a topology that a kind has no manifest for. */
export function refuseTopology(kind: string, deployment: Deployment, others: readonly string[]): never {
  throw unrenderable(
    `${kind} has nothing for topology: ${deployment.kind}.`,
    others.map((each) => `redisha render ${each}`),
  );
}

function apart(labels: Readonly<Record<string, string>>, key: string, indent: number): string {
  const lines = [
    "affinity:",
    "  podAntiAffinity:",
    "    requiredDuringSchedulingIgnoredDuringExecution:",
    `      - topologyKey: ${key}`,
    "        labelSelector:",
    "          matchLabels:",
    ...Object.entries(labels).map(([name, value]) => `            ${name}: ${value}`),
  ];
  return lines.map((line) => `${" ".repeat(indent)}${line}`).join("\n");
}

import { z } from "zod";
import { type AnyKind, defineKind } from "../kind.ts";
import { kubernetesFacts, kubernetesNotes, kubernetesOptions, manifests, refuseTopology } from "./facts.ts";

const options = z.strictObject(kubernetesOptions);
const check = ["kubectl apply --dry-run=server -f ."];

const spotahome = defineKind({
  name: "kubernetes-spotahome",
  title: "Kubernetes, operator of Spotahome: a RedisFailover with Sentinels",
  files: ["redisfailover.yaml", "storage-class.yaml"],
  ...{ options, check },
  render(deployment, given) {
    if (deployment.kind !== "sentinel") refuseTopology("kubernetes-spotahome", deployment, ["kubernetes-opstree"]);
    const facts = kubernetesFacts(deployment, given);
    const operator =
      "the operator comes first: helm install redis-operator redis-operator/redis-operator (nothing was released since 2023)";
    return { files: manifests("redisfailover.yaml", facts), notes: kubernetesNotes(facts, operator) };
  },
});

const opstree = defineKind({
  name: "kubernetes-opstree",
  title: "Kubernetes, operator of OpsTree: Redis, RedisReplication with RedisSentinel, or RedisCluster",
  files: ["redis.yaml", "storage-class.yaml"],
  ...{ options, check },
  render(deployment, given) {
    const redis = deployment.engine.name === "redis";
    const facts = kubernetesFacts(deployment, {
      ...given,
      // Its scripts stand in the image: no other one starts.
      image: given.image ?? `quay.io/opstree/redis:v${(redis && deployment.engine.version) || "7.0.15"}`,
    });
    const file = {
      cluster: "cluster",
      sentinel: "replication",
      replication: facts.servers > 1 ? "replication" : "standalone",
    };
    const [manifest, ...others] = manifests(`opstree-${file[deployment.kind]}.yaml`, facts);
    return {
      files: [...(manifest ? [{ ...manifest, path: "redis.yaml" }] : []), ...others],
      notes: kubernetesNotes(
        facts,
        "the operator comes first: helm install redis-operator ot-helm/redis-operator; its image has tags of its own, look whether that of this version is there",
      ),
    };
  },
});

const enterprise = defineKind({
  name: "kubernetes-redis-enterprise",
  title: "Kubernetes, Redis Enterprise: a RedisEnterpriseCluster and a database in it",
  files: ["redis-enterprise.yaml", "storage-class.yaml"],
  options: z.strictObject({
    ...kubernetesOptions,
    nodes: z.coerce.number().int().min(3).default(3).describe("Nodes of the cluster; an odd number."),
    node_memory: kubernetesOptions.maxmemory.describe("Of each node. Left out: twice what its shards hold."),
  }),
  check,
  render(deployment, { nodes, node_memory, ...given }) {
    const facts = kubernetesFacts(deployment, given);
    const shards = facts.primaries * facts.maxmemory;
    const copies = facts.servers > facts.primaries ? 2 : 1;
    const memory = Math.max(4 * 1024 ** 3, node_memory ?? (2 * shards * copies) / nodes);
    const more = { ...facts, nodes, shards, copies, memory };
    const note = "the operator comes first: kubectl apply -f bundle.yaml of the release (redis-enterprise-k8s-docs)";
    return { files: manifests("redis-enterprise.yaml", more), notes: kubernetesNotes(facts, note) };
  },
});

const dragonfly = defineKind({
  name: "kubernetes-dragonfly",
  title: "Kubernetes, Dragonfly: a StatefulSet, and the same for its operator",
  files: ["statefulset.yaml", "dragonfly.yaml", "storage-class.yaml"],
  ...{ options, check },
  render(deployment, given) {
    if (deployment.kind === "cluster") refuseTopology("kubernetes-dragonfly", deployment, ["kubernetes-opstree"]);
    const image = "docker.dragonflydb.io/dragonflydb/dragonfly";
    const tag = deployment.engine.name === "dragonfly" ? deployment.engine.version : undefined;
    const facts = kubernetesFacts(deployment, {
      ...given,
      image: given.image ?? `${image}:${tag ? `v${tag}` : "latest"}`,
    });
    const [operator] = manifests("dragonfly.yaml", facts);
    return {
      files: [...manifests("statefulset.yaml", facts), ...(operator ? [operator] : [])],
      notes: kubernetesNotes(
        facts,
        "statefulset.yaml or dragonfly.yaml, not both: only the operator promotes a replica where the primary's node is lost",
      ),
    };
  },
});

/** Operators and manifests for Kubernetes. */
export const KUBERNETES: readonly AnyKind[] = [spotahome, opstree, enterprise, dragonfly];

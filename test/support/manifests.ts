import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { Deployment } from "../../src/inventory/model.ts";
import { KUBERNETES } from "../../src/render/kinds/kubernetes/catalog.ts";
import { declared } from "./declared.ts";

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  spec: z.record(z.string(), z.unknown()).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

const CONFIG = { maxmemory: "6gb", "maxmemory-policy": "allkeys-lru", appendonly: "yes" };

export async function deploymentOf(topology: Deployment["kind"]): Promise<Deployment> {
  const shape = await declared({ topology, auth: "password", tls: false });
  return { ...shape, config: CONFIG };
}

/** What a kind renders for a deployment of that topology, document by document. */
export async function manifestsOf(
  name: string,
  topology: Deployment["kind"],
  options: Record<string, string> = {},
): Promise<Manifest[]> {
  const kind = KUBERNETES.find((each) => each.name === name);
  if (!kind) throw new Error(`no kind ${name}`);
  const { files } = await kind.render(await deploymentOf(topology), options);
  return files.flatMap(({ text }) =>
    parseAllDocuments(text).map((document) => {
      const [error] = document.errors;
      if (error) throw error;
      return manifestSchema.parse(document.toJS());
    }),
  );
}

/** Every kind, for a topology that it has, and the objects that it makes of it. */
export const CASES = [
  ["kubernetes-spotahome", "sentinel", ["RedisFailover", "StorageClass"]],
  ["kubernetes-opstree", "sentinel", ["ConfigMap", "RedisReplication", "RedisSentinel", "StorageClass"]],
  ["kubernetes-opstree", "replication", ["ConfigMap", "RedisReplication", "StorageClass"]],
  ["kubernetes-opstree", "cluster", ["ConfigMap", "RedisCluster", "StorageClass"]],
  ["kubernetes-redis-enterprise", "cluster", ["RedisEnterpriseCluster", "RedisEnterpriseDatabase", "StorageClass"]],
  ["kubernetes-redis-enterprise", "sentinel", ["RedisEnterpriseCluster", "RedisEnterpriseDatabase", "StorageClass"]],
  ["kubernetes-dragonfly", "sentinel", ["Service", "StatefulSet", "PodDisruptionBudget", "StorageClass", "Dragonfly"]],
] as const;

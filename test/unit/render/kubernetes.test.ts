import { readFile } from "node:fs/promises";
import { Ajv, type ValidateFunction } from "ajv";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { packagePath } from "../../../src/core/package-root.ts";
import type { Deployment } from "../../../src/inventory/model.ts";
import { KUBERNETES } from "../../../src/render/kinds/kubernetes/catalog.ts";
import { declared } from "../../support/declared.ts";

/** Group and version of the API, and the kind, as files of schemas are named. */
const SCHEMAS = {
  "databases.spotahome.com/v1/RedisFailover": "databases.spotahome.com.v1.RedisFailover",
  "redis.redis.opstreelabs.in/v1beta2/Redis": "redis.redis.opstreelabs.in.v1beta2.Redis",
  "redis.redis.opstreelabs.in/v1beta2/RedisReplication": "redis.redis.opstreelabs.in.v1beta2.RedisReplication",
  "redis.redis.opstreelabs.in/v1beta2/RedisSentinel": "redis.redis.opstreelabs.in.v1beta2.RedisSentinel",
  "redis.redis.opstreelabs.in/v1beta2/RedisCluster": "redis.redis.opstreelabs.in.v1beta2.RedisCluster",
  "app.redislabs.com/v1/RedisEnterpriseCluster": "app.redislabs.com.v1.RedisEnterpriseCluster",
  "app.redislabs.com/v1alpha1/RedisEnterpriseDatabase": "app.redislabs.com.v1alpha1.RedisEnterpriseDatabase",
  "dragonflydb.io/v1alpha1/Dragonfly": "dragonflydb.io.v1alpha1.Dragonfly",
};

const object = z.record(z.string(), z.unknown());
const manifestSchema = z.looseObject({ apiVersion: z.string(), kind: z.string(), spec: object.optional() });
const coreSchema = z.object({ kinds: z.record(z.string(), z.string()), definitions: object });

const validators = new Map<string, ValidateFunction>();
const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(packagePath("test", "fixtures", "kubernetes", `${name}.json`), "utf8"));

beforeAll(async () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  for (const [id, name] of Object.entries(SCHEMAS))
    validators.set(id, ajv.compile(closed(object.parse(await read(name)))));
  const { kinds, definitions } = coreSchema.parse(await read("core"));
  for (const [id, $ref] of Object.entries(kinds)) validators.set(id, ajv.compile({ $ref, definitions }));
});

/** An API server drops what a schema does not name, without a word; here it counts as wrong. */
function closed(schema: Record<string, unknown>): Record<string, unknown> {
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closedAny(value)]));
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || schema.additionalProperties !== undefined;
  const { properties } = schema;
  if (typeof properties !== "object" || properties === null || open) return inner;
  // Names of objects are checked elsewhere: their metadata has no properties in schemas.
  return { ...inner, additionalProperties: false };
}

function closedAny(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedAny);
  const parsed = object.safeParse(value);
  return parsed.success ? closed(parsed.data) : value;
}

const CONFIG = { maxmemory: "6gb", "maxmemory-policy": "allkeys-lru", appendonly: "yes" };

async function deploymentOf(topology: Deployment["kind"]): Promise<Deployment> {
  const shape = await declared({ topology, auth: "password", tls: false });
  return { ...shape, config: CONFIG };
}

async function manifestsOf(name: string, topology: Deployment["kind"], options: Record<string, string> = {}) {
  const kind = KUBERNETES.find((each) => each.name === name);
  if (!kind) throw new Error(`no kind ${name}`);
  const { files } = await kind.render(await deploymentOf(topology), options);
  return files.flatMap(({ text }) =>
    parseAllDocuments(text).map((document) => {
      expect(document.errors).toEqual([]);
      return manifestSchema.parse(document.toJS());
    }),
  );
}

const CASES = [
  ["kubernetes-spotahome", "sentinel", ["RedisFailover", "StorageClass"]],
  ["kubernetes-opstree", "sentinel", ["ConfigMap", "RedisReplication", "RedisSentinel", "StorageClass"]],
  ["kubernetes-opstree", "replication", ["ConfigMap", "RedisReplication", "StorageClass"]],
  ["kubernetes-opstree", "cluster", ["ConfigMap", "RedisCluster", "StorageClass"]],
  ["kubernetes-redis-enterprise", "cluster", ["RedisEnterpriseCluster", "RedisEnterpriseDatabase", "StorageClass"]],
  ["kubernetes-redis-enterprise", "sentinel", ["RedisEnterpriseCluster", "RedisEnterpriseDatabase", "StorageClass"]],
  ["kubernetes-dragonfly", "sentinel", ["Service", "StatefulSet", "PodDisruptionBudget", "StorageClass", "Dragonfly"]],
] as const;

describe.each(CASES)("%s for a %s deployment", (name, topology, kinds) => {
  it("is what its own schema takes, with no field that it does not know", async () => {
    const found = await manifestsOf(name, topology);
    expect(found.map(({ kind }) => kind)).toEqual(kinds);
    for (const manifest of found) {
      const validate = validators.get(`${manifest.apiVersion}/${manifest.kind}`);
      expect(validate, manifest.kind).toBeDefined();
      expect(validate?.(manifest) ? [] : validate?.errors, manifest.kind).toEqual([]);
    }
  });

  it("names the secret that holds the password, and leaves the class of storage to whom names one", async () => {
    const found = await manifestsOf(name, topology, { storage_class: "local-path", secret: "elsewhere" });
    expect(found.map(({ kind }) => kind)).toEqual(kinds.filter((kind) => kind !== "StorageClass"));
    expect(JSON.stringify(found)).toContain("elsewhere");
    expect(JSON.stringify(found)).toContain("local-path");
  });
});

describe("manifests for Kubernetes", () => {
  it("give every server room beyond its data, and keep servers apart by zones where there are enough", async () => {
    const [failover] = await manifestsOf("kubernetes-spotahome", "sentinel");
    expect(failover?.spec?.redis).toMatchObject({
      replicas: 3,
      image: "redis:7.0",
      customConfig: ["maxmemory 6442450944", "maxmemory-policy allkeys-lru", "appendonly yes"],
      resources: { limits: { memory: "9216Mi" } },
      storage: { persistentVolumeClaim: { spec: { resources: { requests: { storage: "24576Mi" } } } } },
    });
    expect(JSON.stringify(failover)).toContain("topology.kubernetes.io/zone");
    const [onHosts] = await manifestsOf("kubernetes-spotahome", "sentinel", { spread: "host" });
    expect(JSON.stringify(onHosts)).not.toContain("topology.kubernetes.io/zone");
  });

  it("make a Cluster of as many primaries and replicas as are declared", async () => {
    const [, cluster] = await manifestsOf("kubernetes-opstree", "cluster");
    expect(cluster?.spec).toMatchObject({
      clusterSize: 3,
      redisLeader: { replicas: 3 },
      redisFollower: { replicas: 3 },
    });
  });

  it("are refused where nothing says how much memory there is to be, and for topologies that a kind lacks", async () => {
    const bare = await declared({ topology: "sentinel", auth: "none", tls: false });
    const render = async (name: string, deployment: Deployment) =>
      KUBERNETES.find((each) => each.name === name)?.render(deployment, {});
    await expect(render("kubernetes-opstree", bare)).rejects.toMatchObject({ code: "RENDER_UNDECLARED" });
    const cluster = await deploymentOf("cluster");
    await expect(render("kubernetes-spotahome", cluster)).rejects.toMatchObject({ code: "RENDER_UNDECLARED" });
  });
});

import { z } from "zod";
import type { Deployment } from "../../../inventory/model.ts";
import { renderTemplate } from "../../template.ts";
import { type AnyKind, defineKind, type KindFile } from "../kind.ts";
import { persistenceOf } from "../sized.ts";
import { cloudFacts, cloudOptions, smallest, text } from "./facts.ts";

const GIB = 1024 ** 3;

/** What a node of ElastiCache has, in GiB; three quarters of it are for data where nothing else is said. */
const ELASTICACHE_NODES = [
  ["cache.r7g.large", 13.07],
  ["cache.r7g.xlarge", 26.32],
  ["cache.r7g.2xlarge", 52.82],
  ["cache.r7g.4xlarge", 105.81],
  ["cache.r7g.8xlarge", 209.55],
  ["cache.r7g.12xlarge", 317.77],
  ["cache.r7g.16xlarge", 419.09],
] as const;

/** Sizes of the Premium tier, which alone has replicas in zones, shards and persistence, in GiB. */
const AZURE_SIZES = [
  ["p1", 6],
  ["p2", 13],
  ["p3", 26],
  ["p4", 53],
  ["p5", 120],
] as const;

/** Nodes of Memorystore for Redis Cluster, in GiB. */
const MEMORYSTORE_NODES = [
  ["redis-shared-core-nano", 1.12],
  ["redis-standard-small", 5.2],
  ["redis-highmem-medium", 10.4],
  ["redis-highmem-xlarge", 46.4],
] as const;

/** Of `redis.config`, what may be set there. */
const PARAMETERS =
  /^(maxmemory-policy|maxmemory-samples|timeout|tcp-keepalive|notify-keyspace-events|slowlog-.*|activedefrag|lfu-.*|lazyfree-.*|hash-max-.*|set-max-.*|zset-max-.*|stream-node-.*|activerehashing)$/;

const elasticache = defineKind({
  name: "elasticache",
  title: "AWS ElastiCache: parameter group, replication group, and a global datastore over two regions",
  files: ["elasticache.sh", "elasticache-global.sh"],
  options: z.strictObject({
    ...cloudOptions,
    region: text("eu-central-1", "Region."),
    subnet_group: text(undefined, "Subnet group of its nodes."),
    security_groups: text(undefined, "Security groups, with commas."),
    node_type: text(undefined, "Left out: the smallest of the family r7g that holds maxmemory.").optional(),
    second_region: text("eu-west-1", "Region of the second half of the global datastore."),
    second_subnet_group: text("default", "Subnet group there."),
    second_security_groups: text("default", "Security groups there, with commas."),
  }),
  check: ["shellcheck *.sh"],
  render(deployment, options) {
    const facts = cloudFacts(deployment, options);
    const { name, version } = deployment.engine;
    const engine = name === "valkey" ? "valkey" : "redis";
    const [major = "7", minor = "1"] = (version ?? "").split(".");
    const release = engine === "valkey" ? `${major}.${minor}` : Number(major) >= 7 ? "7.1" : "6.2";
    const values = {
      ...options,
      ...facts,
      ...{ engine, release },
      family: engine === "valkey" ? `valkey${major}` : Number(major) >= 7 ? "redis7" : "redis6.x",
      node_type: options.node_type ?? smallest(ELASTICACHE_NODES, facts.maxmemory / 0.75, "a node of ElastiCache"),
      parameters: [
        ...parametersOf(deployment),
        ...(deployment.kind === "cluster" ? [["cluster-enabled", "yes"] as const] : []),
      ],
      security_groups: options.security_groups.split(","),
      second_security_groups: options.second_security_groups.split(","),
    };
    const file = (path: string): KindFile => ({
      path,
      text: renderTemplate(`cloud/${path}.eta`, values),
      executable: true,
    });
    return {
      files: [file("elasticache.sh"), file("elasticache-global.sh")],
      notes: [
        `${engine} ${release}: what ElastiCache has that is nearest to what redisha.yaml declares`,
        "TOKEN_FILE names the file with the password of clients: 16 to 128 characters, no newline, mode 0600",
        "there is no access by SSH: of redisha's commands those that only ask Redis work",
      ],
    };
  },
});

const azure = defineKind({
  name: "azure-cache",
  title: "Azure Cache for Redis: Premium, in zones, with persistence, and a link to a second region",
  files: ["azure-cache.sh"],
  options: z.strictObject({
    ...cloudOptions,
    resource_group: text("redis", "Resource group."),
    location: text("westeurope", "Location."),
    second_location: text(undefined, "Where a second cache follows this one; left out: there is none.").optional(),
    subnet_id: text(undefined, "Subnet that it stands in; left out: reached by its public address.").optional(),
  }),
  check: ["shellcheck *.sh"],
  render(deployment, options) {
    const facts = cloudFacts(deployment, options);
    // A cache that is linked to another one has one replica and saves nothing: Azure refuses both.
    const linked = options.second_location !== undefined;
    const values = {
      ...options,
      ...facts,
      replicas: linked ? 1 : Math.max(1, Math.min(3, facts.replicas)),
      size: smallest(AZURE_SIZES, facts.maxmemory, "a cache of Azure"),
      subnet_id: options.subnet_id ?? null,
      second_location: options.second_location ?? null,
      policy: deployment.config["maxmemory-policy"] ?? "volatile-lru",
      persistence: linked ? "none" : persistenceOf(deployment.config),
    };
    return {
      files: [{ path: "azure-cache.sh", text: renderTemplate("cloud/azure-cache.sh.eta", values), executable: true }],
      notes: [
        "Redis 6 is the newest that it has, and its retirement is announced: for something new look at Azure Managed Redis",
        ...(values.persistence === "none"
          ? []
          : [
              "STORAGE_CONNECTION_FILE names the file with the connection string of a storage account, for its snapshots",
            ]),
        ...(linked ? ["a cache that is linked to another one has one replica, and saves nothing"] : []),
      ],
    };
  },
});

const memorystore = defineKind({
  name: "memorystore",
  title: "Google Memorystore for Redis: an instance with replicas, or a cluster",
  files: ["memorystore.sh"],
  options: z.strictObject({
    ...cloudOptions,
    project: text(undefined, "Project."),
    region: text("europe-west3", "Region."),
    network: text("default", "Network that clients are in."),
  }),
  check: ["shellcheck *.sh"],
  render(deployment, options) {
    const facts = cloudFacts(deployment, options);
    const cluster = deployment.kind === "cluster";
    const [major = "7", minor = "2"] = (deployment.engine.version ?? "").split(".");
    const values = {
      ...options,
      ...facts,
      cluster,
      // From 5 GB on there are replicas that can be read.
      gigabytes: Math.max(5, Math.ceil(facts.maxmemory / GIB)),
      release: Number(major) < 7 ? "redis_6_x" : minor === "0" ? "redis_7_0" : "redis_7_2",
      node_type: cluster ? smallest(MEMORYSTORE_NODES, facts.maxmemory, "a node of Memorystore") : null,
      parameters: parametersOf(deployment).filter(([name]) =>
        /^(maxmemory-policy|notify-.*|activedefrag|lfu-.*)$/.test(name),
      ),
      persistence: persistenceOf(deployment.config),
      replicas: Math.min(facts.replicas, cluster ? 2 : 5),
    };
    return {
      files: [{ path: "memorystore.sh", text: renderTemplate("cloud/memorystore.sh.eta", values), executable: true }],
      notes: [
        "there is no access by SSH: of redisha's commands those that only ask Redis work",
        ...(cluster
          ? ["clients of its cluster log in by IAM"]
          : ["it has one password, which it makes itself: the script says how to read it"]),
        ...(persistenceOf(deployment.config) === "aof" && !cluster
          ? ["it has no append-only file: snapshots every hour instead"]
          : []),
      ],
    };
  },
});

/** Scripts that set up what corresponds to a deployment in a cloud. */
export const CLOUD: readonly AnyKind[] = [elasticache, azure, memorystore];

function parametersOf({ config }: Deployment): (readonly [string, string])[] {
  return Object.entries(config).filter(([name]) => PARAMETERS.test(name));
}

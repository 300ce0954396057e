import { z } from "zod";
import { authSchema, sshSchema } from "./schema-access.ts";
import { backupSchema } from "./schema-backup.ts";
import { notifySchema } from "./schema-notify.ts";
import { drillSchema, firewallSchema, monitoringSchema, preflightSchema, timeSchema } from "./schema-policies.ts";
import { tlsSchema } from "./schema-tls.ts";
import { usersSchema } from "./schema-users.ts";
import { address, bytes, count, duration, name, port, text } from "./words.ts";

/** The one source of what redisha.yaml may say. Its JSON Schema, and the docs of its keys, are generated from here. */

const engineSchema = z.strictObject({
  name: z.enum(["redis", "valkey", "keydb", "dragonfly"]).optional().describe("The server. Default: redis."),
  version: z
    .string()
    .regex(/^\d+(\.\d+){0,2}$/, 'expected a version such as "7.0.15"')
    .optional()
    .describe('Version that should run, in quotes: "7.0.15", or "7.0" for any of its patch releases.'),
  source: z
    .enum(["apt", "directory"])
    .optional()
    .describe("Where the server comes from: packages of the host, or an unpacked directory."),
  directory: z
    .string()
    .regex(/^\//, "expected an absolute as it is on the hosts")
    .optional()
    .describe("Absolute path, on the hosts, of the directory that holds bin/; with `source: directory`."),
  standby: z
    .string()
    .optional()
    .describe(
      "The replica that `redisha upgrade --standby` left on the release from before, for the way back: r3:6379.",
    ),
});

export const hostSchema = z.strictObject({
  address: address().describe(
    "IPv4 address, IPv6 address or name at which SSH reaches the host, and Redis unless redis_address is set.",
  ),
  redis_address: address()
    .optional()
    .describe("Address that Redis and Sentinel announce, and listen on, where it is not the one for SSH."),
  listen: address()
    .optional()
    .describe(
      "Address of its own that Redis and Sentinel listen on, where the one that others reach them at is translated to it: NAT, containers. redisha goes to it over the SSH connection of the host.",
    ),
  redis_ports: z
    .record(z.string().regex(/^\d{1,5}$/, "expected a port"), port())
    .optional()
    .describe(
      "Ports at which others reach those of this host, where they are translated, too: { 6379: 16379 } for a server that listens on 6379. Those of Sentinel, of TLS and of the bus of a Cluster belong here as well. With `listen`.",
    ),
  zone: text("the name of a zone").optional().describe("Failure domain: rack, datacentre, availability zone."),
  ssh: sshSchema.optional().describe("What is different for this host; keys left out are taken from the deployment."),
});

const entrySchema = z
  .string({ error: "expected a host such as r1, or an instance such as r1:6380" })
  .regex(/^[a-z][a-z0-9-]*(:\d{1,5})?$/, "expected a host such as r1, or an instance such as r1:6380");

const placement = {
  on: z
    .array(entrySchema, { error: "expected a list of hosts" })
    .min(1, "expected at least one host")
    .describe("Where instances run: hosts, each with every port below, or single instances as host:port."),
  port: port().optional().describe("Port of the instances. Default: 6379, for Sentinel 26379."),
  ports: z
    .array(port(), { error: "expected a list of ports" })
    .min(1, "expected at least one port")
    .optional()
    .describe("Several ports: one instance on each, on every host that is listed without a port."),
};

export const redisSchema = z.strictObject({
  ...placement,
  initial_primary: entrySchema
    .optional()
    .describe("The instance that is set up as primary first. Which one is primary later is not declared but observed."),
  via: z
    .enum(["auto", "ssh", "direct"])
    .optional()
    .describe(
      "How redisha reaches Redis: through the SSH connection of the host, or directly. auto, the default: through SSH where the host has it.",
    ),
  modules: z
    .array(z.string().regex(/^\/\S+( .*\S)?$/, "expected an absolute path as it is on the hosts, and its arguments"), {
      error: "expected a list of modules",
    })
    .optional()
    .describe("Modules that every instance loads: the path of each on the hosts, and its arguments behind a space."),
  replica_priority: z
    .record(
      entrySchema,
      z
        .int("expected a whole number")
        .min(0)
        .max(2 ** 31 - 1),
    )
    .optional()
    .describe(
      "Instances that are to be promoted rather (a lower number) or later than others, by host or host:port; 0 is never. Default: 100.",
    ),
  write_rate: bytes()
    .optional()
    .describe(
      "Bytes that are written per second when it is busy, such as 5mb: the backlog then holds ten minutes of it. Left out: 1 GiB, as memory allows.",
    ),
  config: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, "expected a directive of redis.conf, such as maxmemory"),
      z.union([z.string(), z.number()], { error: "expected text or a number; for a switch write yes or no" }),
    )
    .optional()
    .describe("Directives of redis.conf under Redis' own names, as they should be on every instance."),
});

const script = () =>
  z
    .string()
    .regex(/^\/\S+$/, "expected an absolute path as it is on the hosts")
    .optional();

export const sentinelSchema = z.strictObject({
  ...placement,
  quorum: count(1)
    .optional()
    .describe("Sentinels that must agree that the primary is down. Default: the majority of those declared."),
  down_after: duration()
    .optional()
    .describe("Silence after which a Sentinel takes an instance for down. Default: 30s, as Redis has it."),
  failover_timeout: duration()
    .optional()
    .describe("Time a failover may take, in Sentinel's sense. Default: 3m, as Redis has it."),
  parallel_syncs: count(1)
    .optional()
    .describe("Replicas that may sync with a new primary at the same time. Default: 1."),
  notification_script: script().describe(
    "Program on the hosts that each Sentinel runs with an event and what it says, for those that an operator should hear of.",
  ),
  reconfig_script: script().describe(
    "Program on the hosts that each Sentinel runs when the primary has moved, with the old and the new address.",
  ),
});

const clusterSchema = z.strictObject({
  replicas_per_primary: count(0, 100).optional().describe("Replicas that each primary should have. Default: 1."),
});

const timeoutsSchema = z.strictObject({
  connect: duration()
    .optional()
    .describe("Limit for reaching a host or an instance, TLS and login included. Default: 3s."),
  command: duration().optional().describe("Limit for one answer of Redis. Default: 3s."),
});

const clientSchema = z.strictObject({
  library: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, "expected a name in lower case, such as go-redis")
    .describe("As it names itself to servers: go-redis, jedis, redis-py."),
  version: z
    .string()
    .regex(/^\d+(\.\d+)+/, 'expected a version with its dots, such as "9.0.5"')
    .describe("Of the oldest one that is in use."),
});

const deploymentSchema = z.strictObject({
  topology: z
    .enum(["replication", "sentinel", "cluster"])
    .describe(
      "replication: one primary and its replicas. sentinel: the same, with Sentinels that fail over. cluster: Redis Cluster.",
    ),
  master_name: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, "expected a name of letters, digits and . - _, as in sentinel.conf")
    .optional()
    .describe("Sentinel's name for the group, such as mymaster. Only, and always, with topology: sentinel."),
  engine: engineSchema.optional().describe("What runs, and where it comes from."),
  hosts: z
    .record(name("the name of a host"), hostSchema)
    .describe("The machines, by the name that every output and every flag uses for them."),
  redis: redisSchema.describe("The servers that hold the data."),
  sentinel: sentinelSchema.optional().describe("The Sentinels. Only, and always, with topology: sentinel."),
  cluster: clusterSchema.optional().describe("What is wanted of the cluster. Only with topology: cluster."),
  auth: authSchema.optional().describe("How redisha logs in. Passwords never stand here, only where to find them."),
  users: usersSchema
    .optional()
    .describe("ACL users that servers have beside the operator; `redisha init` sets them up."),
  tls: tlsSchema.optional().describe("TLS of Redis and Sentinel. Paths are on the machine that redisha runs on."),
  ssh: sshSchema.optional().describe("How hosts are reached. What is left out is taken from ~/.ssh/config."),
  timeouts: timeoutsSchema
    .optional()
    .describe("Time limits per host and instance: a dead one costs no more than this."),
  firewall: firewallSchema.optional().describe("Who may reach the deployment."),
  time: timeSchema
    .optional()
    .describe("What keeps the clocks of hosts right where nothing does; one that runs already is never touched."),
  monitoring: monitoringSchema.optional().describe("What measures the deployment; `redisha init` sets it up."),
  clients: z
    .array(clientSchema)
    .optional()
    .describe(
      "By which libraries applications speak to it: an upgrade checks them. Servers from 7.2 on tell them, too.",
    ),
  backup: backupSchema.optional().describe("Where backups go and how long they are kept."),
  drill: drillSchema.optional().describe("What a drill may cost, and when it may be."),
  production: z
    .boolean()
    .optional()
    .describe("Real users depend on it: what hurts it must be asked for with --production, and by name."),
  notify: notifySchema.optional().describe("Who is told when a drill starts, hurts, recovers or fails."),
  preflight: preflightSchema.optional().describe("Findings of preflight that are accepted."),
});

export const inventorySchema = z
  .strictObject({
    version: z.literal(1).describe("Version of this format: 1."),
    default: name("the name of a deployment")
      .optional()
      .describe("Deployment that commands work on where none is named and there are several."),
    deployments: z
      .record(name("the name of a deployment"), deploymentSchema)
      .refine((all) => Object.keys(all).length > 0, "expected at least one deployment")
      .describe("The deployments, by name."),
  })
  .describe("Deployments of Redis that redisha works on.");

export type DeclaredDeployment = z.infer<typeof deploymentSchema>;

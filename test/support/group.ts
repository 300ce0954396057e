import { setTimeout as sleep } from "node:timers/promises";
import { observeInstance } from "../../src/actions/observe/observe-instance.ts";
import { connectRedis } from "../../src/connect/redis/connect-redis.ts";
import type { RedisConnection } from "../../src/connect/types.ts";
import type { Deployment, Instance } from "../../src/inventory/model.ts";
import type { Declared, Observation } from "../../src/topology/observation.ts";
import { cli, type Engine, type Server, type ServerOptions, startServer, until } from "./redis.ts";

export interface GroupOptions {
  readonly kind: Deployment["kind"];
  readonly engine?: Engine;
  /** Three numbers of a network of this group's own in 127.0.0.0/8, e.g. `127.61.0`; instance n listens on `.n`. */
  readonly net: string;
  /** Data nodes; default 3, or 6 for a cluster (3 primaries with a replica each). Node 1 is the first primary. */
  readonly nodes?: number;
  /** Default 3 for `sentinel`. */
  readonly sentinels?: number;
  readonly downAfterMs?: number;
  readonly password?: string;
  /** The last node replicates from node 2 instead of node 1. */
  readonly subReplica?: boolean;
  /** More lines of redis.conf, by number of a replica; its link is not waited for. */
  readonly conf?: Readonly<Record<number, readonly string[]>>;
}

/** A whole deployment of real processes, r1:6379, r2:6379, … and s1:26379, …, each on an address of its own. */
export interface Group {
  readonly declared: Declared;
  readonly instances: readonly Instance[];
  /** By instance id. */
  readonly server: (id: string) => Server;
  /** What every instance says now, each asked over a connection of its own. */
  readonly observe: (options?: { timeLimitMs?: number }) => Promise<Observation[]>;
  readonly cli: (id: string, ...args: string[]) => Promise<string>;
  /** Starts a killed instance again, with the configuration that it had at first. */
  readonly restart: (id: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const MASTER_NAME = "mymaster";

/** Starts a deployment and waits until it is healthy: links up, Sentinels know each other, cluster state ok. */
export async function startGroup(options: GroupOptions): Promise<Group> {
  const { kind, engine = "redis-7.0", net, password } = options;
  const nodes = options.nodes ?? (kind === "cluster" ? 6 : 3);
  const sentinels = kind === "sentinel" ? (options.sentinels ?? 3) : 0;
  const settings = new Map<string, ServerOptions>();
  const instances: Instance[] = [];
  const add = (name: string, n: number, port: number, role: Instance["kind"], conf: string[]) => {
    const address = `${net}.${n}`;
    const id = `${name}${n}:${port}`;
    const host = { name: `${name}${n}`, address, ssh: "none" as const };
    instances.push({
      id,
      kind: role,
      host,
      address,
      port,
      initialPrimary: role === "data" && n === 1 && kind !== "cluster",
    });
    settings.set(id, { engine, kind: role, address, port, conf });
  };
  for (let n = 1; n <= nodes; n += 1) add("r", n, 6379, "data", dataConf(n, nodes, options));
  for (let n = 1; n <= sentinels; n += 1) add("s", n, 26379, "sentinel", sentinelConf(n, options));

  const servers = new Map<string, Server>();
  const start = async (id: string) => void servers.set(id, await startServer(settings.get(id)));
  const server = (id: string) => {
    const found = servers.get(id);
    if (!found) throw new Error(`no instance ${id}`);
    return found;
  };
  const auth = password === undefined ? {} : { password };
  const deployment = {
    kind,
    ...(kind === "sentinel" ? { masterName: MASTER_NAME } : {}),
    redisVia: "direct" as const,
    auth: { data: {}, sentinel: {} },
    config: {},
    timeouts: { connectMs: 1_000, commandMs: 1_000 },
  };
  const group: Group = {
    declared: {
      deployment: "fixture",
      kind,
      ...(kind === "sentinel" ? { master_name: MASTER_NAME, quorum: 2 } : {}),
    },
    instances,
    server,
    observe: (limits) =>
      Promise.all(instances.map((instance) => observeOnce(instance, deployment, password, limits?.timeLimitMs))),
    cli: (id, ...args) => cli(server(id), args, id.startsWith("r") ? auth : {}),
    restart: start,
    stop: async () => void (await Promise.all([...servers.values()].map((each) => each.stop()))),
  };
  try {
    await Promise.all(instances.filter((each) => each.kind === "data").map((each) => start(each.id)));
    if (kind === "cluster") await formCluster(group, nodes, auth);
    else await until("replica links", () => linksUp(group, options));
    await Promise.all(instances.filter((each) => each.kind === "sentinel").map((each) => start(each.id)));
    if (sentinels > 0) await until("Sentinels to know each other", () => sentinelsAgree(group, nodes, sentinels));
  } catch (error) {
    await group.stop();
    throw error;
  }
  return group;
}

function dataConf(n: number, nodes: number, { kind, net, password, subReplica, conf }: GroupOptions): string[] {
  const lines = password === undefined ? ["protected-mode no"] : [`requirepass ${password}`, `masterauth ${password}`];
  lines.push(`replica-announce-ip ${net}.${n}`);
  if (kind === "cluster") {
    lines.push("cluster-enabled yes", "cluster-node-timeout 5000", `cluster-announce-ip ${net}.${n}`);
  } else if (n > 1) {
    lines.push(`replicaof ${net}.${subReplica && n === nodes ? 2 : 1} 6379`);
  }
  return [...lines, ...(conf?.[n] ?? [])];
}

function sentinelConf(n: number, { net, password, downAfterMs = 5_000 }: GroupOptions): string[] {
  return [
    `sentinel monitor ${MASTER_NAME} ${net}.1 6379 2`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${MASTER_NAME} 10000`,
    `sentinel announce-ip ${net}.${n}`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${password}`]),
  ];
}

/** A link counts as up when its primary says so too: a replica says it earlier. */
async function linksUp(group: Group, { conf }: GroupOptions): Promise<boolean> {
  const data = group.instances.filter(({ kind }) => kind === "data");
  const states = await Promise.all(data.map(({ id }) => group.cli(id, "INFO", "replication")));
  const links = states.join("\n").match(/^slave\d+:.*state=online.*$/gm) ?? [];
  return links.length === data.length - 1 - Object.keys(conf ?? {}).length;
}

async function sentinelsAgree(group: Group, nodes: number, sentinels: number): Promise<boolean> {
  const ids = group.instances.filter(({ kind }) => kind === "sentinel").map(({ id }) => id);
  const views = await Promise.all(ids.map((id) => group.cli(id, "INFO", "sentinel")));
  return views.every(
    (view) => view.includes(`status=ok`) && view.includes(`slaves=${nodes - 1},sentinels=${sentinels}`),
  );
}

async function formCluster(group: Group, nodes: number, auth: { password?: string }): Promise<void> {
  const data = group.instances.map(({ address, port }) => `${address}:${port}`);
  const replicas = String(Math.floor(nodes / 3) - 1);
  const first = group.server("r1:6379");
  await cli(first, ["--cluster", "create", ...data, "--cluster-replicas", replicas, "--cluster-yes"], auth);
  await until("the cluster", async () => {
    const states = await Promise.all(
      group.instances.map(
        async ({ id }) => `${await group.cli(id, "CLUSTER", "INFO")}\n${await group.cli(id, "INFO", "replication")}`,
      ),
    );
    const links = states.join("\n").match(/state=online/g) ?? [];
    return states.every((text) => text.includes("cluster_state:ok")) && links.length === nodes - 3;
  });
  // Gossip about who follows whom takes a moment longer than the state.
  await sleep(1_500);
}

async function observeOnce(
  instance: Instance,
  deployment: Parameters<typeof observeInstance>[1],
  password: string | undefined,
  timeLimitMs: number | undefined,
): Promise<Observation> {
  let connection: RedisConnection | undefined;
  try {
    const target = {
      instance: instance.id,
      address: instance.address,
      port: instance.port,
      ...(password !== undefined && instance.kind === "data" ? { auth: { password: async () => password } } : {}),
      connectTimeoutMs: deployment.timeouts.connectMs,
      commandTimeoutMs: deployment.timeouts.commandMs,
    };
    const open = async (signal: AbortSignal) => {
      connection = await connectRedis(target, { via: "direct", signal });
      return connection;
    };
    const limits = timeLimitMs === undefined ? {} : { timeLimitMs };
    return await observeInstance(instance, deployment, open, new AbortController().signal, limits);
  } finally {
    connection?.close();
  }
}

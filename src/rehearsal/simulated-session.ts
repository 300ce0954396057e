import { Readable } from "node:stream";
import type { ExecResult, HostConnection, RedisConnection } from "../connect/types.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { Connections, type Connectors } from "../engine/connections.ts";
import { ARM, DISARM, LOOK, RENEW } from "../engine/deadman/scripts.ts";
import { LiveDeployment } from "../engine/live.ts";
import type { Deployment, Host, Instance } from "../inventory/model.ts";
import type { DataNode, SentinelNode, Topology } from "../topology/schema.ts";
import { noAnswer, type World } from "./world.ts";

/** What the engine takes for a deployment: everything it asks is answered by the world, and no connection is ever made. */
export function simulatedSession(world: World, file: string, signal: AbortSignal) {
  const deployment = deploymentOf(world.state.topology, file);
  const connections = new Connections(deployment, connectorsOf(world), signal);
  const observe = async (instance: Instance) => {
    const { id, kind, host, address, port, initialPrimary } = instance;
    const { topology } = world.state;
    const reach = [...topology.nodes, ...topology.sentinels].find((node) => node.id === id)?.reach;
    return {
      ...{ instance: id, kind, host: host.name, address, port, listed: true, initial_primary: initialPrimary },
      ...{ at: new Date().toISOString(), duration_ms: 0, via: "direct" as const, refused: [] },
      reach:
        reach?.ok === false
          ? { ok: false as const, code: reach.code ?? "REDIS_REFUSED", message: reach.message ?? "", next: reach.next }
          : { ok: true as const },
    };
  };
  const live = new LiveDeployment(deployment, connections, observe, () => world.state.topology);
  return { deployment, live, close: () => connections.close() };
}

function deploymentOf(topology: Topology, file: string): Deployment {
  const all = [...topology.nodes, ...topology.sentinels].filter(({ listed }) => listed);
  const hosts = new Map<string, Host>();
  for (const { host, address, zone } of all) {
    hosts.set(host, { name: host, address, ssh: "local", ...(zone === null ? {} : { zone }) });
  }
  const [sentinel] = topology.sentinels;
  return {
    name: topology.deployment,
    file,
    kind: topology.kind,
    ...(topology.master_name === null ? {} : { masterName: topology.master_name }),
    engine: { name: "redis" },
    hosts: [...hosts.values()],
    instances: all.map((node) => instanceOf(node, hosts)),
    ...(sentinel
      ? {
          sentinel: {
            quorum: topology.declared_quorum ?? sentinel.quorum ?? 1,
            downAfterMs: sentinel.down_after_ms ?? 5_000,
            failoverTimeoutMs: sentinel.failover_timeout_ms ?? 60_000,
            parallelSyncs: 1,
          },
        }
      : {}),
    config: {},
    auth: { data: {}, sentinel: {} },
    redisVia: "direct",
    timeouts: { connectMs: 1_000, commandMs: 1_000 },
  };
}

function instanceOf(node: DataNode | SentinelNode, hosts: ReadonlyMap<string, Host>): Instance {
  const { id, address, port } = node;
  const host = hosts.get(node.host) ?? { name: node.host, address, ssh: "local" as const };
  const data = "role" in node;
  return { id, kind: data ? "data" : "sentinel", host, address, port, initialPrimary: data && node.initial_primary };
}

function connectorsOf(world: World): Connectors {
  return {
    redis: async ({ instance }) => {
      const { nodes, sentinels } = world.state.topology;
      const reach = [...nodes, ...sentinels].find(({ id }) => id === instance)?.reach;
      if (reach?.ok !== false) return redisConnection(instance, world);
      const { code, message, next } = reach;
      throw new RedishaError({
        code: code ?? "REDIS_REFUSED",
        message: `${instance}: ${message ?? "does not answer"}`,
        host: instance,
        exit: EXIT.cannotConnect,
        next,
      });
    },
    host: async ({ host }) => hostConnection(host),
  };
}

function redisConnection(instance: string, world: World): RedisConnection {
  const command = async (argv: readonly string[]) => world.command(instance, argv);
  return {
    instance,
    via: "direct",
    closed: false,
    command,
    pipeline: (argvs) =>
      Promise.all(argvs.map((argv) => command(argv).catch((error) => (error instanceof Error ? error : new Error())))),
    close: () => undefined,
  };
}

/** What a host says that holds whatever it is given to hold: the run never falls silent here for as long as a lease. */
function watchdogs(script: string, [, ...ids]: readonly string[] = []): string {
  if (script === ARM) return "ready\n";
  const state = script === DISARM ? "disarmed" : "armed";
  return [RENEW, LOOK, DISARM].includes(script) ? [...ids.map((id) => `${id} ${state}`), "end", ""].join("\n") : "";
}

/** Programs end well and say nothing, and undos that are armed are held; files cannot be read. */
function hostConnection(host: string): HostConnection {
  const result: ExecResult = { code: 0, signal: null, stdout: "", stderr: "", truncated: false, durationMs: 0 };
  const refuse = async (what: string): Promise<never> => Promise.reject(noAnswer(host, [what]));
  return {
    host,
    adapter: "local",
    closed: false,
    exec: async () => result,
    script: async (text, args) => ({ ...result, stdout: watchdogs(text, args) }),
    stream: async () => ({ stdout: Readable.from([]), done: Promise.resolve(result) }),
    upload: async () => undefined,
    download: (path) => refuse(`download ${path}`),
    forward: (address, port) => refuse(`forward ${address}:${port}`),
    close: async () => undefined,
  };
}

import { observeInstance } from "../actions/observe/observe-instance.ts";
import { Connections, type Connectors } from "../engine/connections.ts";
import { LiveDeployment } from "../engine/live.ts";
import type { Deployment } from "../inventory/model.ts";
import { buildTopology } from "../topology/build-topology.ts";

/** A deployment with connections that open when they are first needed, and close together. */
export interface Session {
  readonly deployment: Deployment;
  readonly live: LiveDeployment;
  close(): Promise<void>;
}

/** Opens no connection yet. Aborting `signal` gives up connections that are being made. */
export function openSession(deployment: Deployment, signal: AbortSignal): Session {
  const connections = new Connections(deployment, connectors, signal);
  const live = new LiveDeployment(deployment, connections, observeInstance, buildTopology);
  return { deployment, live, close: () => connections.close() };
}

const connectors: Connectors = {
  host: async (target, options) => (await import("../connect/hosts.ts")).connectHost(target, options),
  loadRedis: async () => void (await import("../connect/redis/connect-redis.ts")),
  redis: async (target, options) => (await import("../connect/redis/connect-redis.ts")).connectRedis(target, options),
};

import type { RedisTarget } from "../connect/types.ts";
import { shellOf } from "./by-hand.ts";
import type { Deployment, Host, Instance } from "./model.ts";
import { ownEndpoint } from "./ports.ts";

/** How an instance is connected to, whoever makes the connection. */
export function redisTargetOf(instance: Instance, deployment: Deployment): RedisTarget {
  const { auth, tls, timeouts } = deployment;
  const { address, port } = instance;
  const shell = shellOf(instance.host);
  return {
    instance: instance.id,
    ...(reachedThroughShell(instance.host, deployment) ? ownEndpoint(instance) : { address, port }),
    auth: instance.kind === "sentinel" ? auth.sentinel : auth.data,
    ...(tls ? { tls } : {}),
    ...(shell === undefined ? {} : { shell }),
    connectTimeoutMs: timeouts.connectMs,
    commandTimeoutMs: timeouts.commandMs,
  };
}

/** Whether the connection is made from the host itself, over its SSH connection. */
export function reachedThroughShell({ ssh }: Host, { redisVia }: Deployment): boolean {
  return redisVia === "ssh" && ssh !== "local" && ssh !== "none";
}

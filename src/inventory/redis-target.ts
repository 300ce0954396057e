import type { RedisTarget } from "../connect/types.ts";
import { shellOf } from "./by-hand.ts";
import type { Deployment, Host, Instance } from "./model.ts";

/** How an instance is connected to, whoever makes the connection. */
export function redisTargetOf(instance: Instance, { auth, tls, timeouts }: Deployment): RedisTarget {
  const shell = shellOf(instance.host);
  return {
    instance: instance.id,
    address: instance.address,
    port: instance.port,
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

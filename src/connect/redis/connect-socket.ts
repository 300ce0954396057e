import { connect, type Socket } from "node:net";
import type { RedisConnection, RedisTarget } from "../types.ts";
import { clientOver } from "./client.ts";
import { DirectConnection } from "./connection.ts";
import { watch } from "./transport.ts";

/** Time allowed for one command; who loads gigabytes answers INFO in between. */
const COMMAND_TIMEOUT_MS = 60_000;

/**
 * A connection to a server of our own on this machine, over its Unix socket: no password, no TLS. Rejects with the error of
 * the system where nobody listens. Loads ioredis; reach it by `await import(...)`.
 */
export async function connectRedisSocket(path: string): Promise<RedisConnection> {
  const stream = await opened(path);
  const target: RedisTarget = {
    instance: path,
    address: path,
    port: 0,
    connectTimeoutMs: COMMAND_TIMEOUT_MS,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  };
  const wire = watch(stream);
  const client = clientOver(stream);
  await client.connect();
  return new DirectConnection({ target, through: undefined }, "local", wire, client);
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(socket.off("error", reject)));
    socket.once("error", reject);
  });
}

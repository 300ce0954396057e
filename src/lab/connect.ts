import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CA_FILE } from "./certificates.ts";
import { type Credentials, USER } from "./credentials.ts";
import { sentinelHasUsers } from "./redis-conf.ts";
import type { LabProcess, LabSpec } from "./spec.ts";

/** A reply as it comes: strings, numbers, null, and arrays of these. */
export type Reply = string | number | null | Reply[];

/** One connection to one server of the lab. */
export interface LabClient {
  readonly node: LabProcess;
  /** Sends one command; an error reply is thrown. */
  send(...command: [string, ...(string | number)[]]): Promise<Reply>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 5_000;

/** Logs in to a server of the lab as its operator. Fails at once where it does not answer. */
export async function connectTo(
  spec: LabSpec,
  node: LabProcess,
  credentials: Credentials | undefined,
): Promise<LabClient> {
  const { Redis } = await import("ioredis");
  const login = credentials ? loginTo(spec, node, credentials) : {};
  const redis = new Redis({
    host: node.address,
    port: node.port,
    ...login,
    ...(spec.tls ? { tls: { ca: await readFile(join(spec.folder, CA_FILE), "utf8") } } : {}),
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    disableClientInfo: true,
    retryStrategy: null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
  });
  // What goes wrong is told by the promise of the call; without a listener it would also end the process.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    await redis.call("PING");
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return {
    node,
    send: async (...[name, ...args]) => (await redis.call(name, ...args)) as Reply,
    close: () => redis.disconnect(),
  };
}

function loginTo(spec: LabSpec, node: LabProcess, credentials: Credentials): { username?: string; password: string } {
  if (spec.auth === "password") return { password: credentials.operator.reveal() };
  if (node.service === "sentinel" && !sentinelHasUsers(spec)) return { password: credentials.sentinel.reveal() };
  return { username: USER.operator, password: credentials.operator.reveal() };
}

/** The fields of an INFO reply. */
export function infoFields(reply: Reply): Map<string, string> {
  const lines = String(reply).split("\r\n");
  return new Map(
    lines
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}

/** The pairs of a flat list, as Sentinel answers. */
export function pairs(reply: Reply | undefined): Map<string, string> {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""] as const] : [])));
}

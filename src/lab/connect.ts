import { join } from "node:path";
import type { RedisReply, RedisTarget } from "../connect/types.ts";
import { CA_FILE } from "./certificates.ts";
import { type Credentials, USER } from "./credentials.ts";
import { sentinelHasUsers } from "./redis-conf.ts";
import type { LabProcess, LabSpec } from "./spec.ts";

/** One connection to one server of the lab. */
export interface LabClient {
  readonly node: LabProcess;
  /** Sends one command; an error reply is thrown. */
  send(...command: (string | number)[]): Promise<RedisReply>;
  close(): void;
}

/** Generous: several labs may be starting on a machine of one core. */
const TIMEOUT_MS = 10_000;

/** Logs in to a server of the lab as its operator. Fails at once where it does not answer, or is still loading. */
export async function connectTo(
  spec: LabSpec,
  node: LabProcess,
  credentials: Credentials | undefined,
): Promise<LabClient> {
  const { connectRedis } = await import("../connect/redis/connect-redis.ts");
  const target: RedisTarget = {
    instance: node.id,
    address: node.address,
    port: node.port,
    ...(credentials ? { auth: loginTo(spec, node, credentials) } : {}),
    ...(spec.tls ? { tls: { ca: join(spec.folder, CA_FILE) } } : {}),
    connectTimeoutMs: TIMEOUT_MS,
    commandTimeoutMs: TIMEOUT_MS,
  };
  const connection = await connectRedis(target, { via: "direct" });
  try {
    await connection.command(["PING"]);
  } catch (error) {
    connection.close();
    throw error;
  }
  return {
    node,
    send: (...command) => connection.command(command.map(String)),
    close: () => connection.close(),
  };
}

function loginTo(spec: LabSpec, node: LabProcess, credentials: Credentials): NonNullable<RedisTarget["auth"]> {
  const login = (secret: Credentials["operator"]) => ({ password: async () => secret.reveal() });
  if (spec.auth === "password") return login(credentials.operator);
  if (node.service === "sentinel" && !sentinelHasUsers(spec)) return login(credentials.sentinel);
  return { username: USER.operator, ...login(credentials.operator) };
}

import { setTimeout as delay } from "node:timers/promises";
import { RedishaError } from "../../core/errors.ts";
import type { HostConnection, RedisConnection, RedisSubscription, RedisTarget } from "../types.ts";
import { Attempt } from "./attempt.ts";
import type { DirectConnection } from "./connection.ts";
import { RedisReplyError } from "./reply-error.ts";
import { readTlsFiles } from "./tls.ts";

export interface ConnectRedisOptions {
  readonly via: "direct" | "ssh" | "local";
  /** The host that makes the TCP connection, for `via: "ssh"`. */
  readonly through?: HostConnection;
  /** Aborting ends the attempt at once. A reason named TimeoutError counts as a time limit. */
  readonly signal?: AbortSignal;
}

/**
 * Sentinel has a server whose role it changes disconnect all its clients (CLIENT KILL TYPE normal), also who is logging in
 * at that moment: that one comes again, twice at the most. A server that closes for another reason does so each time.
 */
const THROWN_OUT = { times: 2, pauseMs: 20 } as const;

/**
 * Opens one connection to one instance and logs in: TCP or a channel through SSH, TLS where asked for, AUTH, and a name
 * for CLIENT LIST where the user may give one. All of it within `target.connectTimeoutMs`, not counting the time that
 * the password's source takes.
 *
 * Loads ioredis; reach it by `await import(...)`.
 *
 * @throws {RedishaError} of exit 6 and a code that says what is wrong: REDIS_UNREACHABLE, REDIS_REFUSED,
 * REDIS_NAME_NOT_FOUND, REDIS_TIMEOUT, REDIS_CLOSED, REDIS_NOT_REDIS, REDIS_TLS_… , REDIS_WRONGPASS, REDIS_NOAUTH,
 * REDIS_AUTH_NOT_SET, REDIS_DENIED, REDIS_MAXCLIENTS.
 */
export async function connectRedis(target: RedisTarget, options: ConnectRedisOptions): Promise<RedisConnection> {
  return open(target, options);
}

/**
 * Connects in the same way, and listens to the channels that match a pattern. `onMessage` is called as messages come in.
 *
 * @throws {RedishaError} also REDIS_NOPERM where the user may not listen.
 */
export async function subscribeRedis(
  target: RedisTarget,
  options: ConnectRedisOptions,
  pattern: string,
  onMessage: (channel: string, message: string) => void,
): Promise<RedisSubscription> {
  const connection = await open(target, options);
  try {
    return await connection.subscribe(pattern, onMessage);
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function open(target: RedisTarget, options: ConnectRedisOptions): Promise<DirectConnection> {
  try {
    return await openWith(await target.auth?.password?.(), target, options);
  } catch (error) {
    const previous = isWrongPassword(error) ? await previousOf(target) : undefined;
    if (previous === undefined) throw error;
    // Where neither is taken, it is the new one that the operator has to look at.
    return openWith(previous, asBefore(target), options).catch((second) => {
      throw isWrongPassword(second) ? error : second;
    });
  }
}

/** The user whose password that was. */
function asBefore(target: RedisTarget): RedisTarget {
  const { previousUsername: username } = target.auth ?? {};
  return username === undefined ? target : { ...target, auth: { ...target.auth, username } };
}

/** The password that was before, where one is being changed and its source still gives it. */
function previousOf({ auth }: RedisTarget): Promise<string | undefined> {
  return auth?.previousPassword?.().catch(() => undefined) ?? Promise.resolve(undefined);
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof RedisReplyError && error.code === "REDIS_WRONGPASS";
}

async function openWith(
  password: string | undefined,
  target: RedisTarget,
  options: ConnectRedisOptions,
): Promise<DirectConnection> {
  const material = target.tls ? await readTlsFiles(target.tls) : undefined;
  const deadline = performance.now() + target.connectTimeoutMs;
  for (let left: number = THROWN_OUT.times; ; left -= 1) {
    const route = { target: { ...target, connectTimeoutMs: deadline - performance.now() }, through: options.through };
    const attempt = new Attempt(route, material, options.signal, left === 0);
    try {
      return await attempt.run(options.via, password);
    } catch (error) {
      attempt.abandon();
      const thrownOut = error instanceof RedishaError && error.code === "REDIS_CLOSED";
      if (!thrownOut || left === 0 || performance.now() + THROWN_OUT.pauseMs > deadline) throw error;
    } finally {
      attempt.end();
    }
    await delay(THROWN_OUT.pauseMs);
  }
}

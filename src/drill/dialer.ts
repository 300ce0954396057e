import { connectHost } from "../connect/hosts.ts";
import { connectRedis, subscribeRedis } from "../connect/redis/connect-redis.ts";
import type { HostConnection, RedisConnection, RedisSubscription, RedisTarget } from "../connect/types.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { DrillSettings, PlainAuth, PlainHost, PlainInstance } from "./settings.ts";

/** A host whose SSH could not be reached is tried again after this long: every probe asks for it many times a second. */
const SSH_RETRY_MS = 500;

/** How long connecting, and then each command, may take. */
export interface Limits {
  readonly connectMs: number;
  readonly commandMs: number;
}

/**
 * Opens connections for probes and watchers, each its own, by the deployment's settings: straight, or through the SSH
 * connection of the instance's host, which they share.
 */
export class Dialer {
  readonly #settings: DrillSettings;
  readonly #instances: ReadonlyMap<string, PlainInstance>;
  readonly #shells = new Map<string, Shell>();
  #closed = false;

  constructor(settings: DrillSettings) {
    this.#settings = settings;
    this.#instances = new Map(settings.instances.map((instance) => [instance.id, instance]));
  }

  /** Fails with a RedishaError of connectRedis, or REDIS_TIMEOUT where SSH takes longer than the limit. */
  async open(id: string, limits: Limits, signal?: AbortSignal): Promise<RedisConnection> {
    const way = await this.#way(id, limits);
    const connection = await connectRedis(this.#target(id, limits), signal ? { ...way, signal } : way);
    return this.#unlessClosed(connection);
  }

  async subscribe(
    id: string,
    limits: Limits,
    pattern: string,
    onMessage: (channel: string, message: string) => void,
  ): Promise<RedisSubscription> {
    const way = await this.#way(id, limits);
    return this.#unlessClosed(await subscribeRedis(this.#target(id, limits), way, pattern, onMessage));
  }

  /** Closes the SSH connections; whoever opened a Redis connection closes that. */
  async close(): Promise<void> {
    this.#closed = true;
    const shells = [...this.#shells.values()];
    await Promise.all(shells.map(({ opening }) => opening.then((shell) => shell.close()).catch(() => undefined)));
  }

  #unlessClosed<T extends { close(): void }>(connection: T): T {
    if (this.#closed) connection.close();
    return connection;
  }

  #instance(id: string): PlainInstance {
    const found = this.#instances.get(id);
    if (!found) throw new TypeError(`no instance ${id}`);
    return found;
  }

  #target(id: string, { connectMs, commandMs }: Limits): RedisTarget {
    const { address, port, kind } = this.#instance(id);
    const { tls, auth } = this.#settings;
    return {
      instance: id,
      address,
      port,
      auth: authOf(kind === "sentinel" ? auth.sentinel : auth.data),
      ...(tls ? { tls } : {}),
      connectTimeoutMs: connectMs,
      commandTimeoutMs: commandMs,
    };
  }

  async #way(id: string, { connectMs }: Limits): Promise<Parameters<typeof connectRedis>[1]> {
    const { host } = this.#instance(id);
    if (host.ssh === "local") return { via: "local" };
    if (this.#settings.redis_via === "direct" || host.ssh === "none") return { via: "direct" };
    return { via: "ssh", through: await within(connectMs, id, this.#shell(host)) };
  }

  #shell(host: PlainHost): Promise<HostConnection> {
    const known = this.#shells.get(host.name);
    if (known && !known.opened?.closed && (known.failedAt ?? Infinity) > performance.now() - SSH_RETRY_MS) {
      return known.opening;
    }
    const shell: Shell = { opening: connectHost({ host: host.name, address: host.address, ssh: sshOf(host) }) };
    this.#shells.set(host.name, shell);
    shell.opening.then(
      (opened) => {
        shell.opened = opened;
      },
      () => {
        shell.failedAt = performance.now();
      },
    );
    return shell.opening;
  }
}

interface Shell {
  readonly opening: Promise<HostConnection>;
  opened?: HostConnection;
  failedAt?: number;
}

function sshOf({ ssh }: PlainHost): Parameters<typeof connectHost>[0]["ssh"] {
  if (typeof ssh === "string") return "local";
  const { secret, ...settings } = ssh;
  return secret === undefined ? settings : { ...settings, passphrase: async () => secret };
}

function authOf({ username, password }: PlainAuth): NonNullable<RedisTarget["auth"]> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: async () => password }),
  };
}

/** What the work gives, unless it takes too long: it then goes on, for whoever asks next. */
async function within<T>(ms: number, instance: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `SSH to the host of ${instance} took longer than ${ms} ms.`;
      reject(new RedishaError({ code: "REDIS_TIMEOUT", message, exit: EXIT.cannotConnect, host: instance }));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

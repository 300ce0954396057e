import type { HostConnection, HostTarget, RedisConnection, RedisTarget } from "../connect/types.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Deployment, Host, Instance } from "../inventory/model.ts";
import { reachedThroughShell, redisTargetOf } from "../inventory/redis-target.ts";
import { ReturningConnection } from "./returning-connection.ts";

/** Opens connections. The adapters behind it are loaded when the first one is asked for. */
export interface Connectors {
  host(target: HostTarget, options: { signal: AbortSignal }): Promise<HostConnection>;
  /** Loads what `redis` needs, so that it is there when it is needed. */
  loadRedis?(): Promise<void>;
  redis(
    target: RedisTarget,
    options: { through?: HostConnection; via: "direct" | "ssh" | "local"; signal: AbortSignal },
  ): Promise<RedisConnection>;
}

interface Slot<T> {
  readonly opening: Promise<T>;
  opened?: T;
  failed?: true;
}

/**
 * The connections of one run: each is opened once, when first asked for, and shared. A host that could not be reached
 * is not tried again until `forgetFailures`, so that a dead host costs its time limit once and not once per step.
 */
export class Connections {
  readonly #deployment: Deployment;
  readonly #connectors: Connectors;
  readonly #signal: AbortSignal;
  #closed = false;
  readonly #hosts = new Map<string, Slot<HostConnection>>();
  readonly #instances = new Map<string, Slot<ReturningConnection>>();

  constructor(deployment: Deployment, connectors: Connectors, signal: AbortSignal) {
    this.#deployment = deployment;
    this.#connectors = connectors;
    this.#signal = signal;
  }

  /** The shell of a host. Fails with HOST_HAS_NO_SSH where redisha.yaml says that there is none. */
  shell(host: Host): Promise<HostConnection> {
    const { ssh } = host;
    if (ssh === "none") return Promise.reject(noShell(host));
    return shared(this.#hosts, host.name, () =>
      this.#connectors.host({ host: host.name, address: host.address, ssh }, { signal: this.#signal }),
    );
  }

  /** The same, tried again where it could not be opened or is gone: for what has to outlive a host that comes back. */
  shellAgain(host: Host): Promise<HostConnection> {
    const slot = this.#hosts.get(host.name);
    if (slot && (slot.failed || slot.opened?.closed)) this.#hosts.delete(host.name);
    return this.shell(host);
  }

  /** One of its own, made now: whether the way in is open is not told by a connection that stands. Whoever asks closes it. */
  async shellAnew(host: Host, signal: AbortSignal): Promise<HostConnection> {
    if (host.ssh === "none") throw noShell(host);
    return this.#connectors.host({ host: host.name, address: host.address, ssh: host.ssh }, { signal });
  }

  /** A connection to an instance: through its host's SSH where the deployment says so, else straight. One for each `lane`. */
  redis(instance: Instance, lane = 0): Promise<ReturningConnection> {
    return shared(this.#instances, slotOf(instance, lane), () => this.#openRedis(instance, lane));
  }

  /** What takes the place of a connection that the server ended. Where there is none, the next who asks tries anew. */
  async #redisAgain(instance: Instance, lane: number): Promise<ReturningConnection> {
    if (this.#closed) throw new TypeError("the run's connections are closed");
    const opening = this.redis(instance, lane);
    const key = slotOf(instance, lane);
    const slot = this.#instances.get(key);
    try {
      return await opening;
    } catch (error) {
      if (this.#instances.get(key) === slot) this.#instances.delete(key);
      throw error;
    }
  }

  /** Starts the SSH connections that reaching these instances will need, without waiting for them. */
  warmUp(instances: readonly Instance[]): void {
    for (const { host } of instances) {
      if (this.#through(host)) this.shell(host).catch(() => undefined);
    }
  }

  /** Lets hosts and instances that could not be reached be tried again; what is still being opened is waited for. */
  forgetFailures(): void {
    for (const slots of [this.#hosts, this.#instances]) {
      for (const [key, slot] of slots) if (slot.failed || slot.opened?.closed) slots.delete(key);
    }
  }

  /** Closes all; what is still being opened is closed as soon as it is there, and not waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const slot of this.#instances.values()) closeLate(slot);
    for (const slot of this.#hosts.values()) closeLate(slot);
    for (const { opened } of this.#instances.values()) opened?.close();
    await Promise.all([...this.#hosts.values()].map(({ opened }) => opened?.close()));
    this.#instances.clear();
    this.#hosts.clear();
  }

  async #openRedis(instance: Instance, lane: number): Promise<ReturningConnection> {
    return new ReturningConnection(await this.#connectRedis(instance), () => this.#redisAgain(instance, lane));
  }

  async #connectRedis(instance: Instance): Promise<RedisConnection> {
    const target = redisTargetOf(instance, this.#deployment);
    if (this.#through(instance.host)) {
      // While the host lets us in.
      this.#connectors.loadRedis?.().catch(() => undefined);
      const through = await this.shell(instance.host);
      return this.#connectors.redis(target, { through, via: "ssh", signal: this.#signal });
    }
    const via = instance.host.ssh === "local" ? "local" : "direct";
    return this.#connectors.redis(target, { via, signal: this.#signal });
  }

  #through(host: Host): boolean {
    return reachedThroughShell(host, this.#deployment);
  }
}

function slotOf({ id }: Instance, lane: number): string {
  return `${id} ${lane}`;
}

function shared<T extends { readonly closed: boolean }>(
  slots: Map<string, Slot<T>>,
  key: string,
  open: () => Promise<T>,
): Promise<T> {
  const known = slots.get(key);
  if (known && !known.opened?.closed) return known.opening;
  const slot: Slot<T> = { opening: open() };
  slots.set(key, slot);
  slot.opening.then(
    (opened) => {
      slot.opened = opened;
    },
    () => {
      slot.failed = true;
    },
  );
  return slot.opening;
}

function closeLate<T extends { close(): void | Promise<void> }>({ opened, opening }: Slot<T>): void {
  if (!opened) opening.then((late) => late.close()).catch(() => undefined);
}

function noShell(host: Host): RedishaError {
  return new RedishaError({
    code: "HOST_HAS_NO_SSH",
    message: `${host.name} has no SSH (ssh: none in redisha.yaml), and this step runs a command on the host.`,
    host: host.name,
    exit: EXIT.usage,
    state: "nothing was run on it",
    next: ["give the host an ssh section in redisha.yaml", "leave it out with `targets: { hosts: [...] }`"],
  });
}

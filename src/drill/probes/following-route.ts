import type { RedisSubscription } from "../../connect/types.ts";
import type { Addresses } from "../addresses.ts";
import type { Dialer, Limits } from "../dialer.ts";
import type { Trouble } from "../trouble.ts";
import type { AskingRoute } from "./asking-route.ts";
import type { Route } from "./route.ts";

/** Between two attempts to listen to a Sentinel that is away. */
const AGAIN_MS = 500;

/** Follows `+switch-master` as soon as any Sentinel tells it, and asks after an error like everybody else. */
export class FollowingRoute implements Route {
  readonly #asking: AskingRoute;
  readonly #masterName: string;
  readonly #addresses: Addresses;
  readonly #subscriptions = new Set<RedisSubscription>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #leave: (to: string) => void = () => undefined;
  #closed = false;

  constructor(
    asking: AskingRoute,
    dialer: Dialer,
    limits: Limits,
    sentinels: readonly string[],
    masterName: string,
    addresses: Addresses,
  ) {
    this.#asking = asking;
    this.#masterName = masterName;
    this.#addresses = addresses;
    for (const id of sentinels) void this.#listen(id, dialer, limits);
  }

  next(): Promise<string> {
    return this.#asking.next();
  }

  failed(instance: string, trouble: Trouble): void {
    this.#asking.failed(instance, trouble);
  }

  onMoved(leave: (to: string) => void): void {
    this.#leave = leave;
  }

  close(): void {
    this.#closed = true;
    this.#asking.close();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.close();
  }

  async #listen(id: string, dialer: Dialer, limits: Limits): Promise<void> {
    try {
      const listening = await dialer.subscribe(id, limits, "+switch-master", (_, told) => this.#switched(id, told));
      if (this.#closed) return listening.close();
      this.#subscriptions.add(listening);
      await listening.ended;
      this.#subscriptions.delete(listening);
    } catch {
      // Away, like any Sentinel of a host that is down: the others tell the same.
    }
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#listen(id, dialer, limits);
    }, AGAIN_MS);
    this.#timers.add(timer);
  }

  /** `mymaster <old address> <old port> <new address> <new port>` */
  #switched(sentinel: string, told: string): void {
    const [name, , , address = "", port] = told.split(" ");
    if (name !== this.#masterName) return;
    const to = this.#addresses.find(address, Number(port), sentinel);
    if (to === null) return;
    this.#asking.moveTo(to);
    this.#leave(to);
  }
}

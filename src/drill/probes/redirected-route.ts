import type { Addresses } from "../addresses.ts";
import type { Trouble } from "../trouble.ts";
import type { Route } from "./route.ts";

/**
 * In a cluster: goes where MOVED points to, and when its server is gone tries the next node of the shard, which either
 * takes the write or says who does.
 */
export class RedirectedRoute implements Route {
  readonly #members: readonly string[];
  readonly #addresses: Addresses;
  #current: string;

  constructor(first: string, members: readonly string[], addresses: Addresses) {
    this.#current = first;
    this.#members = members;
    this.#addresses = addresses;
  }

  async next(): Promise<string> {
    return this.#current;
  }

  failed(instance: string, trouble: Trouble): void {
    const moved = /^MOVED \d+ (.*):(\d+)$/.exec(trouble.reply ?? "");
    const to = moved ? this.#addresses.find(moved[1] ?? "", Number(moved[2]), instance) : null;
    // Before a failover everybody still points to the node that is gone.
    if (to !== null && to !== this.#current) this.#current = to;
    else this.#current = this.#members[(this.#members.indexOf(this.#current) + 1) % this.#members.length] ?? instance;
  }

  close(): void {}
}

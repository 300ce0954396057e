import { Redis } from "ioredis";
import { slotOf } from "../src/drill/hash-slot.ts";
import { SLOTS } from "../src/topology/parse/slots.ts";
import { KEYS, VALUE } from "./reshard-keys.ts";

const CLIENTS = 4;

/** Clients that read and write until they are stopped. */
export interface Watched {
  stop(): Promise<Latencies>;
}

/** How long what clients ask for took, in milliseconds. */
interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Where nodes of a cluster are reached. */
type Addresses = readonly { readonly address: string; readonly port: number }[];

/** Has clients read keys, and write what they hold anyway, until they are stopped; a command that fails spoils it all. */
export function watch(nodes: Addresses): Watched {
  const took: number[] = [];
  let on = true;
  const clients = Array.from({ length: CLIENTS }, async (_, number) => {
    const client = await Client.connect(nodes);
    for (let turn = number; on; turn += CLIENTS) {
      const key = `key:${(turn * 7_919) % KEYS}`;
      const began = performance.now();
      await client.ask(key, turn % (2 * CLIENTS) < CLIENTS ? ["GET", key] : ["SET", key, VALUE]);
      took.push(performance.now() - began);
    }
    client.close();
  });
  return {
    async stop(): Promise<Latencies> {
      on = false;
      await Promise.all(clients);
      const sorted = took.sort((a, b) => a - b);
      const at = (share: number) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
      return { p50: at(0.5), p99: at(0.99), worst: at(1) };
    },
  };
}

/**
 * A client of a cluster that goes where it is sent, and learns of one slot at a time. The Cluster of ioredis has all slots told
 * anew with each MOVED, and hears no answer for about three milliseconds meanwhile, which is no matter of the servers.
 */
class Client {
  readonly #owners: string[];
  readonly #nodes: Map<string, Redis>;

  constructor(owners: string[], nodes: Map<string, Redis>) {
    this.#owners = owners;
    this.#nodes = nodes;
  }

  static async connect(nodes: Addresses): Promise<Client> {
    const open = new Map(
      nodes.map(({ address, port }) => [`${address}:${port}`, new Redis(port, address, { protocol: 2 })]),
    );
    const owners = Array.from({ length: SLOTS }, () => "");
    const told = (await [...open.values()][0]?.cluster("SLOTS")) ?? [];
    for (const [from, to, node] of told) owners.fill(`${node?.[0]}:${node?.[1]}`, from, to + 1);
    return new Client(owners, open);
  }

  async ask(key: string, command: readonly [string, ...string[]]): Promise<void> {
    const slot = slotOf(key);
    let at = this.#owners[slot] ?? "";
    let asking = false;
    for (;;) {
      try {
        const node = this.#node(at);
        await Promise.all([asking ? node.asking() : undefined, node.call(...command)]);
        return;
      } catch (error) {
        const [kind, , to] = error instanceof Error ? error.message.split(" ") : [];
        if (to === undefined || (kind !== "MOVED" && kind !== "ASK")) throw error;
        if (kind === "MOVED") this.#owners[slot] = to;
        asking = kind === "ASK";
        at = to;
      }
    }
  }

  close(): void {
    for (const node of this.#nodes.values()) node.disconnect();
  }

  #node(at: string): Redis {
    const node = this.#nodes.get(at);
    if (!node) throw new RangeError(`no client was told of ${at}`);
    return node;
  }
}

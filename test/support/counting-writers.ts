import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { TestLab } from "./lab.ts";

/** Applications that count, each its own keys, through failovers: they go where MOVED and ASK send them. */
export interface CountingWriters {
  readonly counts: { acknowledged: number };
  /** Counters that were seen to go back, in words. */
  readonly wrong: readonly string[];
  /** Ends them, reads every counter, and tells of those that hold less than what was acknowledged. */
  stop(): Promise<string[]>;
}

/** For a lab without passwords. A count without an answer may have been done or not: more than was acknowledged is right. */
export function startCounting(lab: TestLab, keys: readonly string[], clients = 4): CountingWriters {
  const counts = { acknowledged: 0 };
  const wrong: string[] = [];
  const acked = new Map<string, number>();
  let on = true;
  const write = async (client: Client, own: readonly string[]): Promise<void> => {
    for (let turn = 0; on; turn += 1) {
      const key = own[turn % own.length] ?? "";
      const value = await client.ask("INCR", key);
      if (value === undefined) continue;
      const before = acked.get(key) ?? 0;
      if (Number(value) <= before) wrong.push(`${key} went from ${before} to ${value}`);
      acked.set(key, Math.max(Number(value), before));
      counts.acknowledged += 1;
    }
  };
  const all = Array.from({ length: clients }, (_, number) => {
    const client = new Client(lab);
    const own = keys.filter((_key, index) => index % clients === number);
    return write(client, own).finally(() => client.close());
  });
  return {
    counts,
    wrong,
    async stop() {
      on = false;
      await Promise.all(all);
      const client = new Client(lab);
      const lost: string[] = [];
      for (const [key, least] of acked) {
        let is = await client.ask("GET", key);
        for (let tries = 0; is === undefined && tries < 500; tries += 1) is = await client.ask("GET", key);
        if (Number(is ?? 0) < least) lost.push(`${key} holds ${is}, and ${least} was acknowledged`);
      }
      client.close();
      return lost;
    },
  };
}

/** A client of one slot at a time, which goes wherever it is sent, and asks somebody else where nobody answers. */
class Client {
  readonly #addresses: readonly string[];
  readonly #nodes = new Map<string, Redis>();
  #at = 0;
  #owner: string;

  constructor(lab: TestLab) {
    this.#addresses = lab.status.processes
      .filter(({ service }) => service === "redis")
      .map(({ address, port }) => `${address}:${port}`);
    this.#owner = this.#addresses[0] ?? "";
  }

  /** Undefined where there was no answer. */
  async ask(command: string, key: string): Promise<unknown> {
    let to = this.#owner;
    let asking = false;
    for (let hop = 0; hop < 5; hop += 1) {
      try {
        return await this.#send(to, asking, command, key);
      } catch (error) {
        const [word, , place] = (error instanceof Error ? error.message : "").split(" ");
        if ((word !== "MOVED" && word !== "ASK") || place === undefined) break;
        asking = word === "ASK";
        to = place;
        if (!asking) this.#owner = place;
      }
    }
    this.#at += 1;
    this.#owner = this.#addresses[this.#at % this.#addresses.length] ?? "";
    await delay(20);
    return undefined;
  }

  close(): void {
    for (const node of this.#nodes.values()) node.disconnect();
  }

  async #send(address: string, asking: boolean, command: string, key: string): Promise<unknown> {
    const answers = await this.#node(address)
      .pipeline([...(asking ? [["call", "ASKING"]] : []), ["call", command, key]])
      .exec();
    const [error, value] = answers?.at(-1) ?? [new Error("no answer"), undefined];
    if (error) throw error;
    return value;
  }

  #node(address: string): Redis {
    const known = this.#nodes.get(address);
    if (known && known.status !== "end") return known;
    const [host = "", port] = address.split(":");
    const node = new Redis({ host, port: Number(port), protocol: 2, retryStrategy: () => null, connectTimeout: 5_000 });
    node.on("error", () => undefined);
    this.#nodes.set(address, node);
    return node;
  }
}

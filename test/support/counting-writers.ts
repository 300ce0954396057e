import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { TestLab } from "./lab.ts";
import { type Verdict, WriteHistory } from "./write-history.ts";

/** Applications that count, each its own keys, through failovers: they go where MOVED and ASK send them. */
export interface CountingWriters {
  readonly counts: { acknowledged: number };
  /** Ends them, reads every counter, and judges those that hold less than what was acknowledged. */
  stop(): Promise<Verdict>;
}

/** For a lab without passwords. A count without an answer may have been done or not: more than was acknowledged is right. */
export async function startCounting(lab: TestLab, keys: readonly string[], clients = 4): Promise<CountingWriters> {
  const counts = { acknowledged: 0 };
  const history = new WriteHistory();
  await asked(lab, (nodes) => history.begin(nodes));
  let on = true;
  const write = async (client: Client, own: readonly string[]): Promise<void> => {
    for (let turn = 0; on; turn += 1) {
      const key = own[turn % own.length] ?? "";
      const answer = await client.ask("INCR", key);
      if (answer === undefined) continue;
      history.acknowledged(key, Number(answer.value), answer.by, answer.offset);
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
    async stop() {
      on = false;
      await Promise.all(all);
      const client = new Client(lab);
      for (const key of history.keys()) {
        let is = await client.ask("GET", key);
        for (let tries = 0; is === undefined && tries < 500; tries += 1) is = await client.ask("GET", key);
        if (is) history.holds(key, Number(is.value ?? 0));
        else throw new Error(`nobody answers for ${key}`);
      }
      client.close();
      return asked(lab, (nodes) => history.judge(nodes));
    },
  };
}

/** Does something with connections to all nodes. */
async function asked<T>(lab: TestLab, work: (nodes: ReadonlyMap<string, Redis>) => Promise<T>): Promise<T> {
  const nodes = new Map(addressesOf(lab).map((address) => [address, connectTo(address)]));
  try {
    return await work(nodes);
  } finally {
    for (const node of nodes.values()) node.disconnect();
  }
}

function addressesOf(lab: TestLab): string[] {
  return lab.status.processes
    .filter(({ service }) => service === "redis")
    .map(({ address, port }) => `${address}:${port}`);
}

function connectTo(address: string): Redis {
  const [host = "", port] = address.split(":");
  const node = new Redis({ host, port: Number(port), protocol: 2, retryStrategy: () => null, connectTimeout: 5_000 });
  node.on("error", () => undefined);
  return node;
}

/** What a primary said, and how far its replication stream was by then. */
interface Answer {
  readonly value: unknown;
  readonly by: string;
  readonly offset: number;
}

/** A client of one slot at a time, which goes wherever it is sent, and asks somebody else where nobody answers. */
class Client {
  readonly #addresses: readonly string[];
  readonly #nodes = new Map<string, Redis>();
  #at = 0;
  #owner: string;

  constructor(lab: TestLab) {
    this.#addresses = addressesOf(lab);
    this.#owner = this.#addresses[0] ?? "";
  }

  /** Undefined where there was no answer. */
  async ask(command: string, key: string): Promise<Answer | undefined> {
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

  async #send(address: string, asking: boolean, command: string, key: string): Promise<Answer> {
    const answers = await this.#node(address)
      .pipeline([...(asking ? [["call", "ASKING"]] : []), ["call", command, key], ["call", "ROLE"]])
      .exec();
    const [error, value] = answers?.at(-2) ?? [new Error("no answer"), undefined];
    if (error) throw error;
    const [, role] = answers?.at(-1) ?? [];
    if (!Array.isArray(role) || role[0] !== "master") throw new Error("it said no more");
    return { value, by: address, offset: Number(role[1]) };
  }

  #node(address: string): Redis {
    const known = this.#nodes.get(address);
    if (known && known.status !== "end") return known;
    const node = connectTo(address);
    this.#nodes.set(address, node);
    return node;
  }
}

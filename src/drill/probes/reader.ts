import type { RedisConnection } from "../../connect/types.ts";
import type { StalenessSample } from "../recording.ts";
import { Client, type ClientOptions, type Result } from "./client.ts";
import type { Route } from "./route.ts";
import type { Writer } from "./writer.ts";

interface ReaderOptions extends ClientOptions {
  /** Whose list it reads. */
  readonly of: Writer;
  /** In a cluster a replica reads only for who says so. */
  readonly inCluster: boolean;
  readonly onStaleness: (sample: StalenessSample) => void;
}

/** Reads the end of a writer's list from a replica, and knows what should be there. */
export class Reader extends Client {
  readonly #of: Writer;
  readonly #inCluster: boolean;
  readonly #onStaleness: (sample: StalenessSample) => void;

  constructor(options: ReaderOptions) {
    super(options);
    this.#of = options.of;
    this.#inCluster = options.inCluster;
    this.#onStaleness = options.onStaleness;
  }

  protected override async connected(connection: RedisConnection): Promise<void> {
    if (this.#inCluster) await connection.command(["READONLY"]);
  }

  protected override async request(connection: RedisConnection): Promise<Result> {
    const asked = this.now();
    const reply = await connection.command(["LINDEX", this.#of.key, "-1"]);
    const seen = reply === null ? -1 : Number(reply);
    this.#onStaleness({ at: asked, node: connection.instance, ...this.#missing(seen, asked) });
    return { outcome: "acked", seen };
  }

  /** What was acknowledged before the question and is not in the answer. A writer's numbers are places in its log. */
  #missing(seen: number, asked: number): Pick<StalenessSample, "behind_ms" | "behind_writes"> {
    const { log } = this.#of;
    let oldest: number | undefined;
    let behind_writes = 0;
    const due = log.firstEndedAt(asked);
    for (let seq = seen + 1; seq < due; seq += 1) {
      if (log.outcomeAt(seq) !== "acked") continue;
      oldest ??= log.endedAt(seq);
      behind_writes += 1;
    }
    return { behind_ms: oldest === undefined ? 0 : asked - oldest, behind_writes };
  }
}

/** Reads from the replicas in turn, and from the primary when none answers. */
export function readerRoute(replicas: readonly string[], primary: string): Route {
  const all = [...replicas, primary];
  let current = 0;
  return {
    next: async () => all[current] ?? primary,
    failed: (instance) => {
      if (all[current] === instance) current = (current + 1) % all.length;
    },
    close: () => undefined,
  };
}

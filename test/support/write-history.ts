import type { Redis } from "ioredis";

/** One count that was acknowledged. */
interface Acknowledged {
  readonly value: number;
  /** Who acknowledged it: `10.0.0.1:6379`. */
  readonly by: string;
  /** How far that node's replication stream went with it. */
  readonly offset: number;
  /** Milliseconds since the writers began. */
  readonly at: number;
}

/** A count that was read where a higher one had been acknowledged. */
interface SetBack {
  readonly key: string;
  /** What it holds by now, without the count that showed it. */
  readonly holds: number;
  /** What had been acknowledged by then and is gone, the oldest first. */
  readonly gone: readonly Acknowledged[];
  readonly before: readonly Acknowledged[];
}

/** What counts that are gone come to. */
export interface Verdict {
  /** In words: what nothing excuses. */
  readonly wrong: readonly string[];
  /** In words: what a primary acknowledged in its last moments, and no replica had, as Redis itself allows. */
  readonly neverCopied: readonly string[];
}

/**
 * Every count that was acknowledged, with how far the replication stream of whoever did was by then. A replica that takes over
 * says how far it followed the stream of the one before (`master_replid2`, `second_repl_offset`): a count behind that never came
 * to it, and is lost by Redis' own replication, which waits for nobody. A count before it that is gone was lost by a move.
 */
export class WriteHistory {
  readonly #began = performance.now();
  readonly #counts = new Map<string, Acknowledged[]>();
  readonly #setBacks: SetBack[] = [];
  readonly #streams = new Map<string, string>();

  /** Notes which stream each node writes, before anything happens to it. */
  async begin(nodes: ReadonlyMap<string, Redis>): Promise<void> {
    for (const [address, node] of nodes)
      this.#streams.set(address, (await replication(node)).get("master_replid") ?? "");
  }

  acknowledged(key: string, value: number, by: string, offset: number): void {
    const known = this.#counts.get(key) ?? [];
    this.#counts.set(key, known);
    this.holds(key, value - 1);
    known.push({ value, by, offset, at: Math.round(performance.now() - this.#began) });
  }

  /** What a key was seen to hold: more than was acknowledged is right, since a count without an answer may have been done. */
  holds(key: string, value: number): void {
    const known = this.#counts.get(key) ?? [];
    const gone = known.filter((each) => each.value > value);
    if (gone.length === 0) return;
    const before = known.filter((each) => each.value <= value).slice(-2);
    this.#setBacks.push({ key, holds: value, gone, before });
    this.#counts.set(
      key,
      known.filter((each) => each.value <= value),
    );
  }

  keys(): Iterable<string> {
    return this.#counts.keys();
  }

  /** Judges by how far those who took over had followed. */
  async judge(nodes: ReadonlyMap<string, Redis>): Promise<Verdict> {
    const followed = new Map<string, number>();
    for (const node of nodes.values()) {
      const said = await replication(node).catch(() => new Map<string, string>());
      const until = Number(said.get("second_repl_offset") ?? -1);
      if (until > 0) followed.set(said.get("master_replid2") ?? "", until);
    }
    const neverCame = ({ by, offset }: Acknowledged) =>
      offset >= (followed.get(this.#streams.get(by) ?? "") ?? Number.POSITIVE_INFINITY);
    const [excused, inexcusable] = [true, false].map((wanted) =>
      this.#setBacks.filter(({ gone }) => gone.every(neverCame) === wanted).map((each) => told(each, followed)),
    );
    return { wrong: inexcusable ?? [], neverCopied: excused ?? [] };
  }
}

function told({ key, holds, gone, before }: SetBack, followed: ReadonlyMap<string, number>): string {
  const list = (all: readonly Acknowledged[]) =>
    all.map(({ value, by, offset, at }) => `${value} by ${by} at ${at} ms, offset ${offset}`).join("; ");
  const took = [...followed].map(([stream, until]) => `${stream.slice(0, 6)} until ${until}`).join(", ");
  return `${key} holds ${holds}; gone: ${list(gone)}; before: ${list(before)}; followed: ${took || "nobody"}`;
}

async function replication(node: Redis): Promise<Map<string, string>> {
  const lines = (await node.info("replication")).split("\r\n").map((line) => line.split(":"));
  return new Map(lines.map(([name = "", value = ""]) => [name, value]));
}

import type { RedisConnection } from "../connect/types.ts";
import { toInt } from "../topology/parse/info.ts";
import type { ReadBackResult } from "./messages.ts";
import type { Writer } from "./probes/writer.ts";
import type { ReadBack } from "./recording.ts";

/** List entries per question: some tens of kilobytes of answer. */
const PAGE = 5_000;

/**
 * Looks for every write of a probe on one instance. Writes go on meanwhile: those that ended before the first question
 * are what is looked for.
 */
export async function readBack(
  writer: Writer,
  connection: RedisConnection,
  when: ReadBack["when"],
  now: () => number,
): Promise<ReadBackResult["by_probe"][number]> {
  const at = now();
  // Numbers are places in the log.
  const settled = writer.log.firstEndedAt(at);
  const there = await numbersIn(writer.key, connection, settled);
  const lost: number[] = [];
  const unknown_found: number[] = [];
  const refused_found: number[] = [];
  let acked = 0;
  let found = 0;
  for (let seq = 0; seq < settled; seq += 1) {
    const outcome = writer.log.outcomeAt(seq);
    if (outcome === "acked") acked += 1;
    if (there[seq] === 1) {
      found += 1;
      if (outcome === "unknown") unknown_found.push(seq);
      if (outcome === "refused") refused_found.push(seq);
    } else if (outcome === "acked") lost.push(seq);
  }
  const { name: probe, kind } = writer;
  return { at, when, probe, kind, node: connection.instance, acked, found, lost, unknown_found, refused_found };
}

/** By number: 1 where it is in the list. */
async function numbersIn(key: string, connection: RedisConnection, upTo: number): Promise<Uint8Array> {
  const there = new Uint8Array(upTo);
  const length = toInt(await connection.command(["LLEN", key])) ?? 0;
  for (let from = 0; from < length; from += PAGE) {
    const page = await connection.command(["LRANGE", key, String(from), String(from + PAGE - 1)]);
    for (const entry of Array.isArray(page) ? page : []) {
      const seq = toInt(entry);
      if (seq !== null && seq < upTo) there[seq] = 1;
    }
  }
  return there;
}

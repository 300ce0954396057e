import { RedisReplyError } from "../connect/redis/reply-error.ts";
import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";
import { type Handover, migrateKeys } from "./migrate.ts";
import { all, setSlots, stable } from "./orders.ts";
import { serves } from "./serving.ts";

/** Keys that are asked for at once. */
const AT_ONCE = 100;

/** Values larger than this are not fetched to be compared: they count as different. */
const MOST_COMPARED = 64 * 1024 ** 2;

/** So much may lie between the moments at which the time to live of two copies is asked for. */
const CLOSE_MS = 2_000;

/** How long both sides may take until they serve again. */
const SERVING_MS = 15_000;
const POLL_MS = 50;

/** Whose copy of a key stays where both sides hold a different one; `ask`: neither is touched. */
export type Keep = "ask" | "owner" | "other";

/** A key of which both sides hold a different copy. */
export interface Conflict {
  readonly slot: number;
  /** A character for each byte. */
  readonly key: string;
}

/** What came of it. */
export interface Gathered {
  /** Keys that were brought to the owner. */
  readonly moved: number;
  /** Copies that were deleted: the owner has the same, or its own was to stay. */
  readonly dropped: number;
  readonly conflicts: readonly Conflict[];
}

/**
 * Brings keys to the owner of their slots, from a node that does not own them and that no client is sent to. What the owner
 * holds is never overwritten: of a key that both hold, the copy that is the same is deleted at the other node, one that differs
 * stays where it is. A slot without such keys loses its mark there.
 *
 * @param handover from the other node, as source, to the owner of all of these slots, as target.
 */
export async function gatherSlots(
  slots: readonly number[],
  ownerId: string,
  handover: Handover,
  keep: Keep,
  onKeys: (keys: number) => void,
): Promise<Gathered> {
  let moved = 0;
  let dropped = 0;
  const conflicts: Conflict[] = [];
  const { source, signal } = handover;
  await all(source, importFrom(slots, ownerId), signal);
  await serving(handover);
  for (const slot of slots) {
    const odd = new Set<string>();
    for (;;) {
      const asked = ["CLUSTER", "GETKEYSINSLOT", String(slot), String(AT_ONCE + odd.size)];
      const held = await source.command(asked, { signal, bytes: true });
      const keys = (Array.isArray(held) ? held.map(String) : []).filter((key) => !odd.has(key));
      if (keys.length === 0) break;
      for (const key of keys) {
        const became = await bring(key, handover, keep);
        if (became === "moved") moved += 1;
        else if (became === "dropped") dropped += 1;
        else odd.add(key);
      }
      onKeys(moved + dropped);
    }
    conflicts.push(...[...odd].map((key) => ({ slot, key })));
    if (odd.size === 0) await all(source, stable([slot]), signal);
  }
  return { moved, dropped, conflicts };
}

/**
 * Has a node import slots from their owner. It believed no news of slots that it was importing, and may hold one that lost a
 * failover for their owner. It lets keys of a slot that it does not own be moved away only while it imports that (cluster.c,
 * getNodeByQuery).
 */
export function importFrom(slots: readonly number[], ownerId: string): string[][] {
  return [...stable(slots), ...setSlots(slots, "NODE", ownerId), ...setSlots(slots, "IMPORTING", ownerId)];
}

/** Waits until both sides serve: a node whose picture of the slots was not whole refuses for a moment longer. */
async function serving({ source, target, signal }: Handover): Promise<void> {
  const deadline = performance.now() + SERVING_MS;
  for (;;) {
    const both = await Promise.all([source, target].map((node) => serves(node, signal)));
    if (both.every((serving) => serving) || performance.now() > deadline) return;
    await sleep(POLL_MS, signal);
  }
}

async function bring(key: string, handover: Handover, keep: Keep): Promise<"moved" | "dropped" | "differs"> {
  const { source, target, signal } = handover;
  try {
    await migrateKeys([key], handover);
    return "moved";
  } catch (error) {
    if (!(error instanceof RedisReplyError && error.reply.includes("BUSYKEY"))) throw error;
  }
  if (keep === "other") {
    await target.command(["UNLINK", key], { signal, bytes: true });
    await migrateKeys([key], handover);
    return "moved";
  }
  if (keep === "ask" && !(await isSame(key, source, target, signal))) return "differs";
  await asking(source, ["UNLINK", key], signal);
  return "dropped";
}

/** Whether two nodes hold the same value under a key, to expire at about the same time. */
async function isSame(
  key: string,
  other: RedisConnection,
  owner: RedisConnection,
  signal: AbortSignal,
): Promise<boolean> {
  const ofOwner = (argv: readonly string[]) => owner.command(argv, { signal, bytes: true });
  const size = await ofOwner(["MEMORY", "USAGE", key]);
  if (Number(size ?? 0) > MOST_COMPARED) return false;
  const values = [await asking(other, ["DUMP", key], signal), await ofOwner(["DUMP", key])];
  if (values[0] !== values[1]) return false;
  const left = [Number(await asking(other, ["PTTL", key], signal)), Number(await ofOwner(["PTTL", key]))];
  const [a = 0, b = 0] = left;
  return a < 0 || b < 0 ? a === b : Math.abs(a - b) < CLOSE_MS;
}

/** A command on a key of a slot that a node imports. */
async function asking(node: RedisConnection, argv: readonly string[], signal: AbortSignal): Promise<unknown> {
  const [, answer] = await all(node, [["ASKING"], argv], signal);
  return answer;
}

import { createHash } from "node:crypto";
import type { Chain } from "../../../repository/chain.ts";
import type { FollowedHost, ListedPart } from "./host.ts";
import { incrementName } from "./parts.ts";

/** Whether the server counts its increments from the beginning again: its folder was emptied. */
export function begunAnew(chain: Chain | undefined, present: readonly ListedPart[]): boolean {
  const known = Math.max(0, ...(chain?.increments.keys() ?? []));
  return present.length > 0 && Math.max(...present.map(({ number }) => number)) < known;
}

/** Whether the file that was followed is still the one that the server has: the last piece is held against it. */
export async function goesOn(chain: Chain, host: FollowedHost, instance: string): Promise<boolean> {
  if (chain.head.shard.source.instance !== instance) return false;
  const number = Math.max(...chain.increments.keys());
  const piece = chain.increments.get(number)?.at(-1);
  const { listed, replaced } = await host.look(new Set());
  const present = listed.filter(({ type }) => type === "i");
  if (!piece || replaced || begunAnew(chain, present)) return false;
  if (chain.seals.has(number)) return present.every((part) => part.number > number);
  const name = incrementName(present, number);
  const size = name === undefined ? undefined : await host.keptSize(name);
  if (name === undefined || size === undefined) {
    // It was dropped while nobody followed: what is missing of it is a gap, and the next base begins behind it.
    return present.every((part) => part.number > number);
  }
  const { size_raw, sha256_raw } = piece.file;
  if (size < piece.offset + size_raw) return false;
  const bytes = await host.read(host.pathOf(name), piece.offset, size_raw);
  return createHash("sha256").update(bytes).digest("hex") === sha256_raw;
}

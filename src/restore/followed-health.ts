import { type Chain, chainFolder } from "../repository/chain.ts";
import type { JudgedFollowed } from "../repository/judge-backups.ts";
import type { StoredFile } from "../repository/manifest.ts";
import type { Followed } from "../repository/read-chains.ts";
import type { Window } from "./chain-moment.ts";
import { followedWindows } from "./followed-set.ts";

/** What monitoring wants to know of what is followed. */
export interface FollowedHealth extends JudgedFollowed {
  /** The newest stretch of moments that all shards can be brought back to; null where there is none. */
  readonly window: Window | null;
}

/** Null where nothing was ever followed. Reads no payload: objects are held against their records by size. Pure. */
export function followedHealth({ chains, problems, sizes }: Followed): FollowedHealth | null {
  if (chains.length === 0 && problems.length === 0) return null;
  const ofObjects = chains.flatMap((chain) =>
    filesOfChain(chain).flatMap(({ name, size_stored }) => {
      const key = `${chainFolder(chain.head)}${name}`;
      const size = sizes.get(key);
      if (size === size_stored) return [];
      return [size === undefined ? `${key} is not there` : `${key} has ${size} of ${size_stored} bytes`];
    }),
  );
  const window = followedWindows(chains).at(-1) ?? null;
  return {
    window,
    reachesMs: window && window.to * 1_000,
    problems: [...problems, ...chains.flatMap(chainProblems), ...ofObjects],
    failed: chains.filter(({ verified }) => verified?.ok === false).map(({ head }) => chainFolder(head)),
  };
}

/**
 * What is wrong with the records of a followed file, as far as one of its bases needs them. What who follows never saw is a
 * gap between two increments, and no damage; a hole in one of them is.
 */
export function chainProblems(chain: Chain): string[] {
  const place = chainFolder(chain.head);
  const from = Math.min(...chain.bases.map((base) => base.from));
  const numbers = new Set([...chain.increments.keys(), ...chain.seals.keys()]);
  return [...numbers].flatMap((number) => {
    if (number < from) return [];
    const stored = lengthOf(chain, number);
    const sealed = chain.seals.get(number)?.size ?? stored;
    const proven = chain.proof?.number === number ? chain.proof.size : 0;
    const most = Math.max(sealed, proven, endOf(chain, number));
    return stored < most ? [`${place}: of increment ${number} there are ${stored} of ${most} bytes`] : [];
  });
}

/** The stored files that its bases need, or the newest of them alone. */
export function filesOfChain({ bases, increments }: Chain, of: "all" | "newest" = "all"): readonly StoredFile[] {
  const wanted = of === "all" ? bases : bases.slice(-1);
  const from = Math.min(...wanted.map((base) => base.from));
  const pieces = [...increments].filter(([number]) => number >= from).sort(([a], [b]) => a - b);
  return [...wanted.map(({ file }) => file), ...pieces.flatMap(([, some]) => some.map(({ file }) => file))];
}

/** Bytes of an increment that are there without a hole. */
function lengthOf({ increments }: Chain, number: number): number {
  let size = 0;
  for (const { offset, file } of increments.get(number) ?? []) if (offset === size) size += file.size_raw;
  return size;
}

function endOf({ increments }: Chain, number: number): number {
  return Math.max(0, ...(increments.get(number) ?? []).map(({ offset, file }) => offset + file.size_raw));
}

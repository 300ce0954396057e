import type { Chain, ChainBase, ChainPiece } from "../repository/chain.ts";

/** What has to be loaded for a moment: a base, and what was written on top of it, in this order. */
export interface ChainPart {
  readonly base: ChainBase;
  readonly increments: readonly { readonly number: number; readonly pieces: readonly ChainPiece[] }[];
  /** Unix seconds up to which everything that was written is known to be in it, as the server itself said; null where it did not. */
  readonly provenTo: number | null;
}

/** From and to, Unix seconds, both included. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * The part of a followed file that shows the state at the second `at`, by the newest base that can prove it; undefined
 * where none can: nothing later was seen, a piece is missing, or when a write was made is not known.
 */
export function partFor(chain: Chain, at: number): ChainPart | undefined {
  for (const base of chain.bases.toReversed()) {
    if (base.created === null || base.created > at) continue;
    const part = walk(chain, base, at);
    const provable = endsBehind(part, at) || (part.provenTo !== null && part.provenTo >= at);
    if (provable && startsMarked(part, at)) return part;
  }
  return undefined;
}

/** What a followed file can be brought back to: one window where all is without a gap, else several, the oldest first. */
export function windowsOf(chain: Chain): Window[] {
  const windows: Window[] = [];
  for (const base of chain.bases) {
    if (base.created === null) continue;
    const part = walk(chain, base, Number.POSITIVE_INFINITY);
    const stamps = part.increments.flatMap(({ pieces }) => pieces.map(({ last }) => last ?? 0));
    const to = Math.max(...stamps.map((last) => last - 1), part.provenTo ?? 0);
    if (to >= base.created) windows.push({ from: base.created, to });
  }
  return merged(windows);
}

/** Windows that touch or overlap as one. */
export function merged(windows: readonly Window[]): Window[] {
  const result: Window[] = [];
  for (const window of [...windows].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && window.from <= last.to + 1) {
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, window.to) };
    } else result.push(window);
  }
  return result;
}

/** What lies in all of them: a moment of a Cluster is one of every shard. */
export function common(all: readonly (readonly Window[])[]): Window[] {
  const [first, ...others] = all;
  if (!first) return [];
  return others.reduce<Window[]>(
    (shared, windows) =>
      shared.flatMap((a) =>
        windows.flatMap((b) => {
          const [from, to] = [Math.max(a.from, b.from), Math.min(a.to, b.to)];
          return from <= to ? [{ from, to }] : [];
        }),
      ),
    [...first],
  );
}

/** The increments on top of a base, as far as they are there without a gap, or an annotation behind `at` ends the way. */
function walk(chain: Chain, base: ChainBase, at: number): ChainPart {
  const increments: { number: number; pieces: ChainPiece[] }[] = [];
  let provenTo: number | null = null;
  for (let number: number | null = base.from; number !== null; ) {
    const pieces: ChainPiece[] = [];
    let size = 0;
    let over = false;
    for (const piece of chain.increments.get(number) ?? []) {
      if (piece.offset !== size) break;
      pieces.push(piece);
      size += piece.file.size_raw;
      over = (piece.last ?? 0) > at;
      if (over) break;
    }
    if (pieces.length > 0) increments.push({ number, pieces });
    const { proof } = chain;
    if (proof && proof.number === number && proof.size <= size) provenTo = proof.at;
    const seal = chain.seals.get(number);
    if (over || seal?.size !== size) break;
    provenTo = seal.proven ?? provenTo;
    number = seal.next;
  }
  return { base, increments, provenTo };
}

function endsBehind({ increments }: ChainPart, at: number): boolean {
  return (increments.at(-1)?.pieces.at(-1)?.last ?? 0) > at;
}

/** When writes in front of the first annotation were made is not known, but that it was not after it. */
function startsMarked({ increments }: ChainPart, at: number): boolean {
  const pieces = increments.flatMap((each) => each.pieces);
  if (pieces[0]?.unmarked !== true) return true;
  const first = pieces.find((piece) => piece.first !== null)?.first;
  return first !== undefined && first !== null && first <= at;
}

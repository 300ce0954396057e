import fc from "fast-check";
import { expect, it } from "vitest";
import type { Chain, ChainPiece, ChainSeal } from "../../../src/repository/chain.ts";
import { common, merged, partFor, windowsOf } from "../../../src/restore/chain-moment.ts";

/** An annotation, or a write. */
type Token = { readonly stamp: number } | "write";

const BEGIN = 1_000;

/** What happens between two writes: seconds pass, the file is rewritten, a piece ends, and who follows sees it or not. */
const step = fc.record({
  seconds: fc.integer({ min: 0, max: 2 }),
  rewrite: fc.boolean(),
  seen: fc.boolean(),
  cut: fc.boolean(),
  proven: fc.boolean(),
  lost: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

/** A server that writes, and what was stored of it: the counts of its bases stand for the data. */
function live(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], provenAfter: number) {
  const tokens = new Map<number, Token[][]>([[1, [[]]]]);
  const bases = [{ number: 1, from: 1, created: BEGIN, count: 0 }];
  const seals = new Map<number, ChainSeal>();
  const written: number[] = [];
  const lost = new Set<string>();
  let [now, increment, stamped] = [BEGIN, 1, 0];
  for (const { seconds, rewrite, seen, cut, proven, lost: gone } of steps) {
    now += seconds;
    if (rewrite) {
      const size = tokens.get(increment)?.flat().length ?? 0;
      // What is written in this second may still come behind it.
      const known = proven ? now - 1 : null;
      seals.set(increment, { number: increment, size, next: seen ? increment + 1 : null, proven: known });
      // What nobody saw may have been a full sync: data that no increment holds.
      if (!seen) written.push(now);
      increment += 1;
      tokens.set(increment, [[]]);
      bases.push({ number: increment, from: increment, created: now, count: written.length });
    }
    const pieces = tokens.get(increment) ?? [];
    if (cut) pieces.push([]);
    if (gone && (pieces.at(-1)?.length ?? 0) > 0) lost.add(`${increment}/${pieces.length - 1}`);
    // The server does not say the second again in a new file.
    if (now !== stamped) pieces.at(-1)?.push({ stamp: now });
    stamped = now;
    pieces.at(-1)?.push("write");
    written.push(now);
  }
  const pieceOf = (content: readonly Token[], offset: number): ChainPiece => {
    const stamps = content.flatMap((token) => (token === "write" ? [] : [token.stamp]));
    const file = { size_raw: content.length } as ChainPiece["file"];
    return { offset, first: stamps[0] ?? null, last: stamps.at(-1) ?? null, unmarked: content[0] === "write", file };
  };
  const increments = new Map<number, ChainPiece[]>();
  const contents = new Map<ChainPiece, readonly Token[]>();
  for (const [number, pieces] of tokens) {
    let offset = 0;
    for (const [index, content] of pieces.entries()) {
      const piece = pieceOf(content, offset);
      offset += content.length;
      if (content.length === 0 || lost.has(`${number}/${index}`)) continue;
      contents.set(piece, content);
      increments.set(number, [...(increments.get(number) ?? []), piece]);
    }
  }
  const size = tokens.get(increment)?.flat().length ?? 0;
  const chain: Chain = {
    head: {} as Chain["head"],
    bases: bases.map(({ number, from, created }) => ({ number, from, created, file: {} as ChainPiece["file"] })),
    increments,
    seals,
    proof: { at: now + provenAfter, number: increment, size },
    verified: undefined,
  };
  /** Writes that are there once a part was loaded up to the first annotation behind the moment. */
  const load = (part: NonNullable<ReturnType<typeof partFor>>, at: number): number => {
    let count = bases.find(({ number }) => number === part.base.number)?.count ?? Number.NaN;
    for (const token of part.increments.flatMap(({ pieces }) => pieces).flatMap((piece) => contents.get(piece) ?? [])) {
      if (token === "write") count += 1;
      else if (token.stamp > at) break;
    }
    return count;
  };
  return { chain, written, load, end: now };
}

it("a moment of what was followed is exactly the writes up to it, or cannot be had", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 5 }), (steps, provenAfter) => {
      const { chain, written, load, end } = live(steps, provenAfter);
      for (let at = BEGIN - 2; at < end + 8; at += 1) {
        const part = partFor(chain, at);
        if (part) expect(load(part, at)).toBe(written.filter((second) => second <= at).length);
      }
    }),
    { numRuns: 500 },
  );
});

it("where nothing was missed, every second from the first base on can be had, and the window says so", () => {
  const whole = step.map((each) => ({ ...each, seen: true, lost: false }));
  fc.assert(
    fc.property(fc.array(whole, { maxLength: 30 }), (steps) => {
      const { chain, end } = live(steps, 2);
      expect(windowsOf(chain)).toEqual([{ from: BEGIN, to: end + 2 }]);
      for (let at = BEGIN; at <= end + 2; at += 1) expect(partFor(chain, at), `${at}`).toBeDefined();
      expect(partFor(chain, end + 3)).toBeUndefined();
      expect(partFor(chain, BEGIN - 1)).toBeUndefined();
    }),
  );
});

it("a rewrite that nobody saw leaves no gap before what was proven", () => {
  const quiet = { seconds: 0, rewrite: false, seen: false, cut: false, proven: true, lost: false };
  const { chain } = live([quiet, { ...quiet, seconds: 100, rewrite: true }], 2);
  expect(windowsOf(chain)).toEqual([{ from: BEGIN, to: BEGIN + 102 }]);
});

it("windows that touch are one, and those of several shards are what they share", () => {
  expect(
    merged([
      { from: 5, to: 9 },
      { from: 1, to: 4 },
      { from: 20, to: 30 },
    ]),
  ).toEqual([
    { from: 1, to: 9 },
    { from: 20, to: 30 },
  ]);
  expect(
    common([
      [{ from: 1, to: 10 }],
      [
        { from: 3, to: 5 },
        { from: 8, to: 12 },
      ],
    ]),
  ).toEqual([
    { from: 3, to: 5 },
    { from: 8, to: 10 },
  ]);
});

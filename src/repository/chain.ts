import { z } from "zod";
import { newBackupId } from "./backup-id.ts";
import { printRecord } from "./chain-record.ts";
import { type Shard, shardSchema, storedFileSchema, type Verification, verificationSchema } from "./manifest.ts";
import type { Store } from "./store.ts";

/*
 * A followed append-only file, as it stands in a repository:
 *
 *     <deployment>/follow/<shard>/<id>/chain.json            whose it is; written first
 *     <deployment>/follow/<shard>/<id>/b-<number>.json       a base; written after its payload
 *     <deployment>/follow/<shard>/<id>/i-<number>-<n>.json   up to 256 pieces of an increment, one after the other
 *     <deployment>/follow/<shard>/<id>/s-<number>.json       that increment is whole, and which one the server loads next
 *     <deployment>/follow/<shard>/<id>/head.json             up to when all that was written is here
 *     <deployment>/follow/<shard>/<id>/verified.json         what the last look at all this found
 *     <deployment>/follow/<shard>/<id>/data/…                payloads; one that no record names does not count
 *     <deployment>/follow/locks/                             who follows
 */

const instant = () => z.iso.datetime({ precision: 3 });
const nullableSecond = () => z.int().nullable();

export const chainSchema = z.object({
  chain_version: z.literal(1),
  id: z.string(),
  deployment: z.string(),
  topology: z.enum(["replication", "sentinel", "cluster"]),
  fingerprint: z.string(),
  redisha_version: z.string(),
  started: instant(),
  shard: shardSchema.omit({ files: true }),
});
export type ChainHead = z.infer<typeof chainSchema>;

export const baseSchema = z.object({
  number: z.int(),
  /** The first increment on top of it. */
  from: z.int(),
  /** Unix seconds of the state that it holds; null where it does not say. */
  created: nullableSecond(),
  file: storedFileSchema,
});
export type ChainBase = z.infer<typeof baseSchema>;

const pieceSchema = z.object({
  offset: z.int().min(0),
  /** Annotations, Unix seconds. */
  first: nullableSecond(),
  last: nullableSecond(),
  /** Writes stand before its first annotation. */
  unmarked: z.boolean(),
  file: storedFileSchema,
});
export type ChainPiece = z.infer<typeof pieceSchema>;

export const incrementSchema = z.object({ number: z.int(), pieces: z.array(pieceSchema) });

export const sealSchema = z.object({
  number: z.int(),
  size: z.int(),
  /** The increment that the server itself loads after it; null where nobody saw both of them together. */
  next: z.int().nullable(),
  /** Unix seconds up to which all was known to be stored while it was the last one. */
  proven: nullableSecond(),
});
export type ChainSeal = z.infer<typeof sealSchema>;

export const proofSchema = z.object({
  /** Unix seconds, by the clock of the server: what was written up to and with it is in the bytes below. */
  at: z.int(),
  number: z.int(),
  size: z.int(),
});
export type ChainProof = z.infer<typeof proofSchema>;

/** All that is known of a followed file. Pieces and bases in their order. */
export interface Chain {
  readonly head: ChainHead;
  readonly bases: readonly ChainBase[];
  readonly increments: ReadonlyMap<number, readonly ChainPiece[]>;
  readonly seals: ReadonlyMap<number, ChainSeal>;
  readonly proof: ChainProof | undefined;
  readonly verified: Verification | undefined;
}

const PIECES_PER_RECORD = 256;

/** Where followed files of a deployment are; the same place has the lock of who follows. */
export function followName(deployment: string): string {
  return `${deployment}/follow`;
}

export function followFolder(deployment: string): string {
  return `${followName(deployment)}/`;
}

export function chainFolder({ deployment, shard, id }: Pick<ChainHead, "deployment" | "shard" | "id">): string {
  return `${followFolder(deployment)}${shard.name}/${id}/`;
}

export function pieceName(increment: number, offset: number): string {
  return `data/${padded(increment, 10)}-${padded(offset, 15)}`;
}

/** Begins the record of a file that is followed from here on. */
export async function startChain(store: Store, facts: Omit<ChainHead, "chain_version" | "id">): Promise<Chain> {
  const head: ChainHead = { chain_version: 1, id: newBackupId(), ...facts };
  await write(store, head, "chain.json", chainSchema.parse(head));
  return { head, bases: [], increments: new Map(), seals: new Map(), proof: undefined, verified: undefined };
}

export async function recordBase(store: Store, chain: Chain, base: ChainBase): Promise<Chain> {
  await write(store, chain.head, baseName(base.number), baseSchema.parse(base));
  const others = chain.bases.filter(({ number }) => number !== base.number);
  return { ...chain, bases: [...others, base].sort((a, b) => a.number - b.number) };
}

/** Adds a piece to the end of an increment: from here on it counts. */
export async function recordPiece(store: Store, chain: Chain, number: number, piece: ChainPiece): Promise<Chain> {
  const pieces = [...(chain.increments.get(number) ?? []), piece];
  const record = Math.floor((pieces.length - 1) / PIECES_PER_RECORD);
  const some = pieces.slice(record * PIECES_PER_RECORD);
  await write(store, chain.head, incrementName(number, record), incrementSchema.parse({ number, pieces: some }));
  return { ...chain, increments: new Map([...chain.increments, [number, pieces]]) };
}

export async function recordSeal(store: Store, chain: Chain, seal: ChainSeal): Promise<Chain> {
  await write(store, chain.head, sealName(seal.number), sealSchema.parse(seal));
  return { ...chain, seals: new Map([...chain.seals, [seal.number, seal]]) };
}

export async function recordProof(store: Store, chain: Chain, proof: ChainProof): Promise<Chain> {
  await write(store, chain.head, "head.json", proofSchema.parse(proof));
  return { ...chain, proof };
}

/** Writes down what a look at a followed file found, in place of what the one before it did. */
export async function recordLook(store: Store, { head }: Chain, verified: Verification): Promise<void> {
  await write(store, head, "verified.json", verificationSchema.parse(verified));
}

async function write(store: Store, head: ChainHead, name: string, record: unknown): Promise<void> {
  const key = `${chainFolder(head)}${name}`;
  await store.replace(key, printRecord(key, record));
}

/** Takes away what of a followed file no moment since `from` (Unix seconds) needs. Gives the chain that is left. */
export async function forgetBefore(store: Store, chain: Chain, from: number): Promise<Chain> {
  const base = chain.bases.findLast(({ created }) => created !== null && created <= from);
  if (!base) return chain;
  const bases = chain.bases.filter((each) => each.number < base.number);
  const increments = [...chain.increments].filter(([number]) => number < base.from);
  const folder = chainFolder(chain.head);
  // Records first: a payload without one does not count. The last one first: what is left of them has no gap.
  for (const { number } of bases) await store.delete(`${folder}${baseName(number)}`);
  for (const [number, pieces] of increments) {
    for (let record = Math.ceil(pieces.length / PIECES_PER_RECORD) - 1; record >= 0; record -= 1) {
      await store.delete(`${folder}${incrementName(number, record)}`);
    }
    await store.delete(`${folder}${sealName(number)}`);
  }
  for (const { file } of bases) await store.delete(`${folder}${file.name}`);
  for (const { file } of increments.flatMap(([, pieces]) => pieces)) await store.delete(`${folder}${file.name}`);
  const gone = new Set(increments.map(([number]) => number));
  return {
    ...chain,
    bases: chain.bases.filter(({ number }) => number >= base.number),
    increments: new Map([...chain.increments].filter(([number]) => !gone.has(number))),
    seals: new Map([...chain.seals].filter(([number]) => !gone.has(number))),
  };
}

/** Takes a whole followed file away: its records, its payloads, and last whose it was, by which a rest of it is found again. */
export async function forgetChain(store: Store, { head }: Chain): Promise<void> {
  const folder = chainFolder(head);
  const keys: string[] = [];
  for await (const { key } of store.list(folder)) keys.push(key);
  const late = (key: string) => (key === `${folder}chain.json` ? 2 : Number(key.startsWith(`${folder}data/`)));
  for (const key of keys.sort((a, b) => late(a) - late(b))) await store.delete(key);
}

/** The shard of a chain as a manifest has it, with these files. Their names are relative to `followFolder`. */
export function shardOf({ head }: Chain, files: Shard["files"]): Shard {
  const place = `${head.shard.name}/${head.id}/`;
  return { ...head.shard, files: files.map((file) => ({ ...file, name: `${place}${file.name}` })) };
}

function baseName(number: number): string {
  return `b-${padded(number, 10)}.json`;
}

function incrementName(number: number, record: number): string {
  return `i-${padded(number, 10)}-${padded(record, 6)}.json`;
}

function sealName(number: number): string {
  return `s-${padded(number, 10)}.json`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

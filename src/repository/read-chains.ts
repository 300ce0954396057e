import type { ZodType } from "zod";
import { RedishaError } from "../core/errors.ts";
import {
  baseSchema,
  type Chain,
  type ChainPiece,
  chainSchema,
  followFolder,
  incrementSchema,
  proofSchema,
  sealSchema,
} from "./chain.ts";
import { parseRecord } from "./chain-record.ts";
import { verificationSchema } from "./manifest.ts";
import { readSmall } from "./small-object.ts";
import type { Store } from "./store.ts";

/** What lies in the repository of the followed files of a deployment. */
export interface Followed {
  /** The oldest first. */
  readonly chains: readonly Chain[];
  /** Records that are not what was written: they prove nothing, and count as if they were not there. */
  readonly problems: readonly string[];
  /** Bytes of every object, by its key. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Every followed file of a deployment, the oldest first. What cannot be relied on is left out: it proves nothing. */
export async function readChains(store: Store, deployment: string, signal?: AbortSignal): Promise<readonly Chain[]> {
  return (await readFollowed(store, deployment, signal)).chains;
}

/** The same, with what is wrong with it. Reads records, and no payload. */
export async function readFollowed(store: Store, deployment: string, signal?: AbortSignal): Promise<Followed> {
  const folder = followFolder(deployment);
  const sizes = new Map<string, number>();
  const byChain = new Map<string, string[]>();
  for await (const { key, size } of store.list(folder, signal)) {
    const [shard = "", id = "", name = "", more] = key.slice(folder.length).split("/");
    if (name === "") continue;
    sizes.set(key, size);
    const place = `${folder}${shard}/${id}/`;
    const names = byChain.get(place) ?? [];
    byChain.set(place, more === undefined && name.endsWith(".json") ? [...names, name] : names);
  }
  const chains: Chain[] = [];
  const problems: string[] = [];
  for (const [place, names] of byChain) {
    signal?.throwIfAborted();
    const chain = await readChain(store, place, names, problems);
    if (chain) chains.push(chain);
  }
  return { chains: chains.sort((a, b) => (a.head.id < b.head.id ? -1 : 1)), problems, sizes };
}

async function readChain(
  store: Store,
  place: string,
  names: readonly string[],
  problems: string[],
): Promise<Chain | undefined> {
  const read = async <T>(name: string, schema: ZodType<T>): Promise<T | undefined> => {
    if (!names.includes(name)) return undefined;
    const content = await readSmall(store, `${place}${name}`).catch(unlessForgotten);
    if (!content) return undefined;
    const parsed = parseRecord(`${place}${name}`, content, schema);
    if ("value" in parsed) return parsed.value;
    problems.push(`${place}${name}: ${parsed.problem}`);
    return undefined;
  };
  const all = async <T>(prefix: string, schema: ZodType<T>): Promise<T[]> => {
    const wanted = names.filter((name) => name.startsWith(prefix)).sort();
    const found = await Promise.all(wanted.map((name) => read(name, schema)));
    return found.filter((each) => each !== undefined);
  };
  const head = await read("chain.json", chainSchema);
  if (!head) {
    if (!names.includes("chain.json")) problems.push(`${place}chain.json is not there: nobody knows whose this is`);
    return undefined;
  }
  const increments = new Map<number, ChainPiece[]>();
  for (const { number, pieces } of await all("i-", incrementSchema)) {
    increments.set(number, [...(increments.get(number) ?? []), ...pieces]);
  }
  const seals = (await all("s-", sealSchema)).map((seal) => [seal.number, seal] as const);
  const proof = await read("head.json", proofSchema);
  const verified = await read("verified.json", verificationSchema);
  return { head, bases: await all("b-", baseSchema), increments, seals: new Map(seals), proof, verified };
}

/** Who follows may have taken it away since the list was made. */
function unlessForgotten(error: unknown): undefined {
  if (error instanceof RedishaError && error.code === "OBJECT_MISSING") return undefined;
  throw error;
}

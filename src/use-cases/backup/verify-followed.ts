import { type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fetchAof } from "../../actions/restore/rebuild.ts";
import { ownVersion } from "../../core/own-version.ts";
import { type Chain, chainFolder, followFolder, recordLook, shardOf } from "../../repository/chain.ts";
import type { StoredFile } from "../../repository/manifest.ts";
import { unpackFile, verifyStored } from "../../repository/pipeline/unpack-file.ts";
import { type Followed, readFollowed } from "../../repository/read-chains.ts";
import { AofScanner } from "../../restore/aof-scanner.ts";
import { chainProblems, filesOfChain } from "../../restore/followed-health.ts";
import { openRoom } from "../../scratch/room.ts";
import { startScratch } from "../../scratch/start.ts";
import { damageOf } from "./damage.ts";
import { BESIDE_BYTES, type Look, programFor, type Verified } from "./look-inside.ts";
import { CHECKSUM_ALONE, readRdb } from "./read-rdb.ts";

interface Problem {
  readonly text: string;
  /** The stored file that it is about; undefined for one of the records. */
  readonly file?: string;
}

interface Found {
  readonly keys: number | null;
  readonly program: string | null;
  readonly problems: readonly Problem[];
}

/**
 * Looks at what is followed: of each shard the newest base and what came on top of it, or all of it, and writes down beside
 * it what was found. Whoever follows goes on meanwhile: what it has taken away since is no damage.
 */
export async function verifyFollowed(look: Look, which: "newest" | "all"): Promise<Verified[]> {
  const { store, deployment } = look.repository;
  const followed = await readFollowed(store, deployment, look.signal);
  const results: Verified[] = [];
  for (const chain of chosen(followed, which)) results.push(await verifyChain(chain, followed, which, look));
  const folder = followFolder(deployment);
  const known = results.map(({ id }) => `${folder}${id}/`);
  const others = followed.problems.filter((problem) => !known.some((place) => problem.startsWith(place)));
  for (const [id, problems] of Map.groupBy(others, (problem) => placeIn(problem, folder))) {
    results.push({ id, ok: false, files: 0, bytes: 0, keys: null, checked_by: null, duration_ms: 0, problems });
  }
  return results;
}

function chosen({ chains }: Followed, which: "newest" | "all"): readonly Chain[] {
  const based = chains.filter(({ bases }) => bases.length > 0);
  if (which === "all") return based;
  return [...Map.groupBy(based, ({ head }) => head.shard.name).values()].flatMap((ofShard) => ofShard.slice(-1));
}

/** `main/20261120T153000Z-1a2b3c` of `shop/follow/main/20261120T153000Z-1a2b3c/chain.json: it is no JSON`. */
function placeIn(problem: string, folder: string): string {
  return problem.slice(folder.length).split("/").slice(0, 2).join("/");
}

async function verifyChain(chain: Chain, followed: Followed, which: "newest" | "all", look: Look): Promise<Verified> {
  const { repository, level, progress } = look;
  const started = performance.now();
  const id = `${chain.head.shard.name}/${chain.head.id}`;
  const files = filesOfChain(chain, which);
  progress(`followed ${id}: ${files.length} files`);
  const read = level === "stored" ? await readStored(chain, files, look) : await readPlain(chain, files, look);
  const found = level === "restore" && read.problems.length === 0 ? await load(chain, look) : read;
  const all = [...ofRecords(chain, followed).map((text) => ({ text })), ...found.problems];
  const problems = all.length === 0 ? [] : await confirmed(all, chain, look);
  const result: Verified = {
    id,
    ok: problems.length === 0,
    files: files.length,
    bytes: files.reduce((sum, { size_stored }) => sum + size_stored, 0),
    keys: found.keys,
    checked_by: found.program,
    duration_ms: Math.round(performance.now() - started),
    problems,
  };
  await recordLook(repository.store, chain, {
    level,
    at: new Date().toISOString(),
    ok: result.ok,
    redisha_version: ownVersion(),
    ...(found.program ? { server_version: found.program } : {}),
    duration_ms: result.duration_ms,
    problems,
  });
  return result;
}

function ofRecords(chain: Chain, { problems }: Followed): string[] {
  const place = chainFolder(chain.head);
  return [...problems.filter((problem) => problem.startsWith(place)), ...chainProblems(chain)];
}

/** Those that are still there when one looks again. */
async function confirmed(problems: readonly Problem[], chain: Chain, look: Look): Promise<string[]> {
  const { store, deployment } = look.repository;
  const now = await readFollowed(store, deployment, look.signal);
  const same = now.chains.find(({ head }) => head.id === chain.head.id && head.shard.name === chain.head.shard.name);
  const files = new Set(same ? filesOfChain(same).map(({ name }) => name) : []);
  const records = new Set(ofRecords(same ?? chain, now));
  return problems
    .filter(({ file, text }) => (file === undefined ? records.has(text) : files.has(file)))
    .map(({ text }) => text);
}

/** Every byte, as it lies in the repository. */
async function readStored(chain: Chain, files: readonly StoredFile[], look: Look): Promise<Found> {
  const { repository, signal } = look;
  const read = async (file: StoredFile) => {
    await verifyStored(repository.store, chainFolder(chain.head), file, { signal });
    return [];
  };
  return { keys: null, program: null, problems: await damageIn(files, look, read) };
}

/** Bases through the checking program of their version, increments command by command. */
async function readPlain(chain: Chain, files: readonly StoredFile[], look: Look): Promise<Found> {
  const { repository, identities, signal } = look;
  const program = await programFor(chain.head.shard, look.deployment).catch(() => undefined);
  const problems = await damageIn(files, look, async (file) => {
    const options = identities ? { signal, identities } : { signal };
    const content = await unpackFile(repository.store, chainFolder(chain.head), file, options);
    return file.kind === "aof-base" && !/\.base\.aof\b/.test(file.name)
      ? (await readRdb(content, program)).problems
      : readCommands(content);
  });
  return { keys: null, program: program ? `${program.name} ${program.version}` : CHECKSUM_ALONE, problems };
}

async function damageIn(
  files: readonly StoredFile[],
  { signal }: Look,
  read: (file: StoredFile) => Promise<readonly string[]>,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const file of files) {
    try {
      for (const text of await read(file)) problems.push({ text: `${file.name}: ${text}`, file: file.name });
    } catch (error) {
      problems.push({ text: damageOf(error, signal), file: file.name });
    }
  }
  return problems;
}

/** Only whole commands are stored: a piece ends with one. */
async function readCommands(content: Readable): Promise<string[]> {
  const scanner = new AofScanner();
  await pipeline(content, scanner, new Writable({ write: (_chunk, _encoding, done) => done() }));
  const { bad, cut } = scanner.times;
  return [...(bad === null ? [] : [`it is no append-only file: ${bad}`]), ...(cut ? ["it ends inside a command"] : [])];
}

/** Loads the newest base, and all that came on top of it, into a server that follows nobody. */
async function load(chain: Chain, look: Look): Promise<Found> {
  const { repository, identities, signal, progress } = look;
  const files = filesOfChain(chain, "newest");
  const shard = shardOf(chain, [...files]);
  const program = await programFor(chain.head.shard, look.deployment);
  const room = await openRoom(files.reduce((sum, { size_raw }) => sum + size_raw, 0) + BESIDE_BYTES);
  const from = { repository, folder: followFolder(repository.deployment), provenTo: new Map<string, number>() };
  try {
    await fetchAof(identities ? { ...from, identities } : from, shard, undefined, room, { signal, progress });
    const { used_memory: memory } = shard.server;
    // The last piece may end between the commands of a transaction.
    const server = await startScratch(room, { kind: "aof", tailMayBeCut: true, program, memory, signal });
    try {
      const { keys } = await server.facts();
      const count = Object.values(keys).reduce((sum, each) => sum + each, 0);
      return { keys: count, program: `${program.name} ${program.version}`, problems: [] };
    } finally {
      await server.stop();
    }
  } catch (error) {
    return { keys: null, program: null, problems: [{ text: damageOf(error, signal) }] };
  } finally {
    await room.remove();
  }
}

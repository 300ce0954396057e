import { createHash } from "node:crypto";
import { beganAt, isBackupId } from "./backup-id.ts";
import { type Hold, holdSchema } from "./hold.ts";
import { backupsFolder, HOLD, MANIFEST, MANIFEST_DIGEST, VERIFICATIONS } from "./layout.ts";
import type { LockRecord } from "./lock-record.ts";
import { isStale, readLocks, storeClock } from "./locks.ts";
import {
  filesOf,
  MANIFEST_VERSION,
  type Manifest,
  manifestSchema,
  type Verification,
  verificationSchema,
} from "./manifest.ts";
import type { Repository } from "./repository.ts";
import { type Parsed, parseJson, readSmall } from "./small-object.ts";
import type { StoredObject } from "./store.ts";

interface Listed {
  readonly id: string;
  /** Everything in its folder, the manifest too. */
  readonly objects: readonly StoredObject[];
  readonly bytes: number;
}

/** A backup that counts: its manifest is whole, and all its files are there with their sizes. */
export interface CompleteBackup extends Listed {
  readonly state: "complete";
  readonly manifest: Manifest;
  readonly hold?: Hold;
  /** Those of the manifest and later ones, oldest first. */
  readonly verifications: readonly Verification[];
}

/** One that was never finished, or whose deletion was not. */
export interface UnfinishedBackup extends Listed {
  readonly state: "unfinished";
  /** Who is making it at the moment. */
  readonly running?: LockRecord;
}

/** One that was finished, and is not whole any more. */
export interface DamagedBackup extends Listed {
  readonly state: "damaged";
  readonly problems: readonly string[];
  /** As far as it can be read. */
  readonly manifest?: Manifest;
  readonly hold?: Hold;
}

export type CatalogEntry = CompleteBackup | UnfinishedBackup | DamagedBackup;

export interface Catalog {
  /** Oldest first. */
  readonly backups: readonly CatalogEntry[];
  /** The time by the clock of the store, when this was read. */
  readonly storeNowMs: number;
}

/** Small objects that are asked for at once. */
const AT_ONCE = 8;

/** Everything that lies in the repository under a deployment's name, each with what became of it. Reads no payload. */
export async function readCatalog(repository: Repository, signal?: AbortSignal): Promise<Catalog> {
  const { store, deployment } = repository;
  const folder = backupsFolder(deployment);
  const byId = new Map<string, StoredObject[]>();
  for await (const object of store.list(folder, signal)) {
    const id = object.key.slice(folder.length).split("/")[0] ?? "";
    if (!isBackupId(id)) continue;
    const others = byId.get(id);
    if (others) others.push(object);
    else byId.set(id, [object]);
  }
  const storeNowMs = await storeClock(repository);
  const locks = await readLocks(repository);
  const running = new Map<string, LockRecord>();
  for (const lock of locks) {
    if (lock.record?.backup_id && !isStale(lock, storeNowMs)) running.set(lock.record.backup_id, lock.record);
  }
  const ids = [...byId.keys()];
  const backups: CatalogEntry[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const some = ids.slice(at, at + AT_ONCE).map((id) => entryOf(repository, id, byId.get(id) ?? [], running.get(id)));
    backups.push(...(await Promise.all(some)));
  }
  return { backups: backups.sort(byAge), storeNowMs };
}

/** Ids tell seconds; of two backups of one second their ends tell which is the newer one, and chance does not. */
function byAge(a: CatalogEntry, b: CatalogEntry): number {
  return +beganAt(a.id) - +beganAt(b.id) || endOf(a) - endOf(b) || (a.id < b.id ? -1 : 1);
}

/** Milliseconds; one without an end is the newer one. */
function endOf(entry: CatalogEntry): number {
  return "manifest" in entry && entry.manifest ? Date.parse(entry.manifest.finished) : Number.MAX_SAFE_INTEGER;
}

async function entryOf(
  repository: Repository,
  id: string,
  objects: readonly StoredObject[],
  running: LockRecord | undefined,
): Promise<CatalogEntry> {
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  const listed: Listed = { id, objects, bytes };
  const reader = new FolderReader(repository, id, objects);
  if (!reader.has(MANIFEST)) return { ...listed, state: "unfinished", ...(running ? { running } : {}) };
  const hold = await reader.parsed(HOLD, holdSchema);
  const held = hold && "value" in hold ? { hold: hold.value } : {};
  const manifest = await reader.manifest(id);
  if ("problem" in manifest) return { ...listed, state: "damaged", problems: [manifest.problem], ...held };
  const problems = [
    ...reader.missing(manifest.value),
    ...(hold && "problem" in hold ? [`${HOLD} cannot be read: ${hold.problem}`] : []),
  ];
  if (problems.length > 0) return { ...listed, state: "damaged", problems, manifest: manifest.value, ...held };
  const verifications = [...manifest.value.verifications, ...(await reader.verifications())];
  return { ...listed, state: "complete", manifest: manifest.value, verifications, ...held };
}

/** Reads the small objects of one backup. */
class FolderReader {
  readonly #repository: Repository;
  readonly #folder: string;
  readonly #sizes: ReadonlyMap<string, number>;

  constructor(repository: Repository, id: string, objects: readonly StoredObject[]) {
    this.#repository = repository;
    this.#folder = `${backupsFolder(repository.deployment)}${id}/`;
    this.#sizes = new Map(objects.map(({ key, size }) => [key.slice(this.#folder.length), size]));
  }

  has(name: string): boolean {
    return this.#sizes.has(name);
  }

  async read(name: string): Promise<Buffer> {
    return await readSmall(this.#repository.store, `${this.#folder}${name}`);
  }

  async parsed<T>(name: string, schema: Parameters<typeof parseJson<T>>[1]): Promise<Parsed<T> | undefined> {
    return this.has(name) ? parseJson(await this.read(name), schema) : undefined;
  }

  async manifest(id: string): Promise<Parsed<Manifest>> {
    const content = await this.read(MANIFEST);
    if (!this.has(MANIFEST_DIGEST)) return { problem: `${MANIFEST_DIGEST} is missing` };
    const digest = (await this.read(MANIFEST_DIGEST)).toString("utf8").split(" ")[0];
    if (createHash("sha256").update(content).digest("hex") !== digest) {
      return { problem: `${MANIFEST} is not what was written: its digest is another one` };
    }
    const parsed = parseJson(content, manifestSchema);
    if ("problem" in parsed) return { problem: whyUnreadable(content, parsed.problem) };
    return parsed.value.id === id ? parsed : { problem: `${MANIFEST} is that of another backup, ${parsed.value.id}` };
  }

  missing(manifest: Manifest): string[] {
    return filesOf(manifest).flatMap(({ name, size_stored }) => {
      const size = this.#sizes.get(name);
      if (size === undefined) return [`${name} is missing`];
      return size === size_stored ? [] : [`${name} has ${size} bytes in place of ${size_stored}`];
    });
  }

  /** Those that can be read: one that cannot says nothing of the backup. */
  async verifications(): Promise<readonly Verification[]> {
    const names = [...this.#sizes.keys()].filter((name) => name.startsWith(VERIFICATIONS)).sort();
    const read = await Promise.all(names.map((name) => this.parsed(name, verificationSchema)));
    return read.flatMap((each) => (each && "value" in each ? [each.value] : []));
  }
}

function whyUnreadable(content: Buffer, problem: string): string {
  const version = /"manifest_version":\s*(\d+)/.exec(content.toString("utf8"))?.[1];
  if (Number(version) > MANIFEST_VERSION) return `${MANIFEST} was written by a newer redisha`;
  return `${MANIFEST} cannot be read: ${problem}`;
}

/** The complete backup of an id, or the newest one. Undefined where there is none such. */
export function findComplete({ backups }: Catalog, id?: string): CompleteBackup | undefined {
  return backups.findLast((entry): entry is CompleteBackup => {
    return entry.state === "complete" && (id === undefined || entry.id === id);
  });
}

/** Says whether anybody looked at a backup since it was stored, and the last look found nothing. */
export function isVerified({ verifications }: Pick<CompleteBackup, "verifications">): boolean {
  return verifications.at(-1)?.ok === true;
}

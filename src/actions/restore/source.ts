import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { RunSlot } from "../../engine/run-life.ts";
import type { Deployment } from "../../inventory/model.ts";
import type { AgeIdentities } from "../../repository/age/identities.ts";
import type { Catalog, CatalogEntry } from "../../repository/catalog.ts";
import { followFolder } from "../../repository/chain.ts";
import { backupFolder } from "../../repository/layout.ts";
import type { Manifest, Shard } from "../../repository/manifest.ts";
import { readChains } from "../../repository/read-chains.ts";
import type { Repository } from "../../repository/repository.ts";
import type { Window } from "../../restore/chain-moment.ts";
import { followedSet, followedWindows } from "../../restore/followed-set.ts";
import { parseMoment, showMoment } from "../../restore/moment.ts";
import { policyOf } from "../backup/repository.ts";
import type { ActionContext } from "../contract.ts";

/** What to restore from, as the operator said it. */
export interface Wanted {
  /** An id, or `latest`. */
  readonly backup: string;
  /** The deployment that it is a backup of; empty for the one that is restored. */
  readonly from: string;
  /** Files of age keys; none for those that redisha.yaml names. */
  readonly identities: readonly string[];
  /** A moment: what was followed is looked at first, then backups of append-only files. */
  readonly at: string | null;
}

/** A backup that is open: its repository, its manifest, and the keys to it. Lives as long as the run in this process. */
export interface OpenBackup {
  readonly repository: Repository;
  readonly manifest: Manifest;
  readonly folder: string;
  readonly identities?: AgeIdentities;
  /** By shard: Unix seconds up to which all that was written is known to be there, whether or not anything came later. */
  readonly provenTo?: ReadonlyMap<string, number>;
}

const slot = new RunSlot<Promise<OpenBackup>>();

/** Opens the backup that is meant; the same one for every step of a run. Fails with BACKUP_UNKNOWN, BACKUP_DAMAGED. */
export function openBackup(
  wanted: Wanted,
  context: Pick<ActionContext, "deployment" | "life" | "signal">,
): Promise<OpenBackup> {
  const known = slot.of(context.life);
  if (known) return known;
  const opening = open(wanted, context);
  slot.put(context.life, opening);
  return opening;
}

async function open(
  { backup, from, identities, at }: Wanted,
  context: Pick<ActionContext, "deployment" | "life" | "signal">,
): Promise<OpenBackup> {
  const second = at === null ? undefined : parseMoment(at);
  const source = await deploymentNamed(from, context.deployment);
  const policy = policyOf(source);
  const [{ openRepository }, { readIdentities }, { findComplete, readCatalog }] = await Promise.all([
    import("../../repository/repository.ts"),
    import("../../repository/age/identities.ts"),
    import("../../repository/catalog.ts"),
  ]);
  const keys = await readIdentities(identities.length > 0 ? identities : policy.identities);
  const repository = await openRepository(policy, source.name, { signal: context.signal });
  context.life.atEnd(() => repository.store.close());
  const opened = keys ? { repository, identities: keys } : { repository };
  const catalog = await readCatalog(repository, context.signal);
  const named = isNewest(backup) ? undefined : catalog.backups.find(({ id }) => id === backup);
  const chains = second === undefined || named ? [] : await readChains(repository.store, source.name, context.signal);
  const set = second === undefined ? undefined : followedSet(chains, second);
  if (set) return { ...opened, ...set, folder: followFolder(source.name) };
  const entry = named ?? (isNewest(backup) ? (coveringOf(catalog, second) ?? newestOf(catalog)) : undefined);
  if (second !== undefined && chains.length > 0 && isNewest(backup) && !covers(entry, second)) {
    throw outside(second, followedWindows(chains));
  }
  if (entry?.state !== "complete") throw unknown(backup, repository, entry, findComplete(catalog)?.id);
  return { ...opened, manifest: entry.manifest, folder: backupFolder(source.name, entry.id) };
}

async function deploymentNamed(name: string, own: Deployment): Promise<Deployment> {
  if (name === "" || name === own.name) return own;
  const { loadInventory } = await import("../../inventory/load-inventory.ts");
  const { deployments } = await loadInventory(own.file);
  const found = deployments.find((each) => each.name === name);
  if (found) return found;
  throw new RedishaError({
    code: "DEPLOYMENT_UNKNOWN",
    message: `${own.file} declares no deployment ${name} to restore from.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`there are: ${deployments.map((each) => each.name).join(", ")}`],
  });
}

function isNewest(backup: string): boolean {
  return backup === "latest" || backup === "last";
}

/** The newest backup in whose window a moment is. */
function coveringOf({ backups }: Catalog, second: number | undefined): CatalogEntry | undefined {
  return second === undefined ? undefined : backups.findLast((entry) => covers(entry, second));
}

function covers(entry: CatalogEntry | undefined, second: number): boolean {
  if (entry?.state !== "complete") return false;
  return entry.manifest.shards.every(({ aof }) => {
    if (!aof?.last_annotation) return false;
    return Date.parse(aof.base_created) <= second * 1_000 && second * 1_000 < Date.parse(aof.last_annotation);
  });
}

/** The newest that was finished, also where it is damaged since: to take an older one is for the operator to say. */
function newestOf({ backups }: Catalog): CatalogEntry | undefined {
  return backups.findLast(({ state }) => state !== "unfinished");
}

/** A shard of the backup by its name. */
export function shardNamed({ manifest }: OpenBackup, name: string): Shard {
  const shard = manifest.shards.find((each) => each.name === name);
  if (!shard) throw new TypeError(`backup ${manifest.id} has no shard ${name}`);
  return shard;
}

function outside(second: number, windows: readonly Window[]): RedishaError {
  return new RedishaError({
    code: "PITR_OUTSIDE_WINDOW",
    message: `${showMoment(second)} cannot be restored: what was followed does not prove which writes were made by then.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: [
      ...windows.map(({ from, to }) => `what can be restored: --at ${showMoment(from)} to ${showMoment(to)}`),
      "redisha backup list",
    ],
  });
}

function unknown(
  backup: string,
  { store, deployment }: Repository,
  entry: CatalogEntry | undefined,
  older: string | undefined,
): RedishaError {
  const damaged = entry?.state === "damaged";
  const what = entry || !isNewest(backup) ? `Backup ${entry?.id ?? backup}` : "A backup";
  const why = damaged ? `is damaged: ${entry.problems.join("; ")}` : entry ? "was never finished" : "is not there";
  return new RedishaError({
    code: damaged ? "BACKUP_DAMAGED" : "BACKUP_UNKNOWN",
    message: `${what} of ${deployment} in ${store.shown} ${why}.`,
    exit: damaged ? EXIT.verificationFailed : EXIT.usage,
    state: "nothing was touched",
    next: [
      "redisha backup list",
      ...(older === undefined ? [] : [`the newest that is whole: redisha restore ${older}`]),
    ],
  });
}

import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { RunSlot } from "../../engine/run-life.ts";
import type { Deployment } from "../../inventory/model.ts";
import type { AgeIdentities } from "../../repository/age/identities.ts";
import type { Catalog, CatalogEntry, CompleteBackup } from "../../repository/catalog.ts";
import { backupFolder } from "../../repository/layout.ts";
import type { Manifest, Shard } from "../../repository/manifest.ts";
import type { Repository } from "../../repository/repository.ts";
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
}

/** A backup that is open: its repository, its manifest, and the keys to it. Lives as long as the run in this process. */
export interface OpenBackup {
  readonly repository: Repository;
  readonly entry: CompleteBackup;
  readonly manifest: Manifest;
  readonly folder: string;
  readonly identities?: AgeIdentities;
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
  { backup, from, identities }: Wanted,
  context: Pick<ActionContext, "deployment" | "life" | "signal">,
): Promise<OpenBackup> {
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
  const catalog = await readCatalog(repository, context.signal);
  const entry = isNewest(backup) ? newestOf(catalog) : catalog.backups.find(({ id }) => id === backup);
  if (entry?.state !== "complete") throw unknown(backup, repository, entry, findComplete(catalog)?.id);
  return {
    repository,
    entry,
    manifest: entry.manifest,
    folder: backupFolder(source.name, entry.id),
    ...(keys ? { identities: keys } : {}),
  };
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

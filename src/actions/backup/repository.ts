import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type RunLife, RunSlot } from "../../engine/run-life.ts";
import type { BackupPolicy, Deployment } from "../../inventory/model.ts";
import type { HeldLock } from "../../repository/acquire-lock.ts";
import type { Packing } from "../../repository/pipeline/pack-file.ts";
import { Throttle } from "../../repository/pipeline/throttle.ts";
import type { Repository } from "../../repository/repository.ts";
import type { ActionContext } from "../contract.ts";

type Around = Pick<ActionContext, "deployment" | "life">;

/** The repository that a run works with: opened once, closed when the run ends in this process. */
export interface RunRepository extends Repository {
  readonly policy: BackupPolicy;
}

/** The same while the run stores something: others see which backup is being made, and nobody deletes meanwhile. */
export interface WritableRepository extends RunRepository {
  readonly packing: Packing;
  /** Ends with the op, and as soon as the lock may have passed to others. */
  readonly signal: AbortSignal;
}

const readers = new RunSlot<Promise<RunRepository>>();

/** The repository of the deployment, to read. Fails with BACKUP_NOT_CONFIGURED where redisha.yaml names none. */
export function repositoryOf({ deployment, life }: Around): Promise<RunRepository> {
  const known = readers.of(life);
  if (known) return known;
  const opening = open(deployment, life);
  readers.put(life, opening);
  return opening;
}

interface Writing {
  readonly repository: RunRepository;
  readonly packing: Packing;
  readonly lock: HeldLock;
}

const writers = new RunSlot<Promise<Writing>>();

/**
 * The repository of the deployment, to store something: an empty place becomes one, and the lock of those who make backups
 * is taken once for the run in this process. Fails with REPOSITORY_LOCKED where somebody deletes at the moment.
 */
export async function writingTo(context: ActionContext): Promise<WritableRepository> {
  const { life } = context;
  const started = writers.of(life) ?? startWriting(context);
  writers.put(life, started);
  const { repository, packing, lock } = await started;
  return { ...repository, packing, signal: AbortSignal.any([context.signal, lock.lost]) };
}

/** Lets go of the lock: nothing more is going to be stored. A run that stores nothing has none. */
export async function stopWriting({ life }: Around): Promise<void> {
  const started = await writers.of(life);
  await started?.lock.release();
}

async function startWriting(context: ActionContext): Promise<Writing> {
  const { life, signal } = context;
  const [{ store, deployment, policy }, { repositoryIn }, { acquireLock }, { readRecipients }] = await Promise.all([
    repositoryOf(context),
    import("../../repository/repository.ts"),
    import("../../repository/acquire-lock.ts"),
    import("../../repository/age/recipients.ts"),
  ]);
  const recipients = await readRecipients(policy.encryptTo);
  const repository = { ...(await repositoryIn(store, deployment, true)), policy };
  const request = { kind: "shared", purpose: "backup", backupId: life.id, runId: life.id, signal } as const;
  const lock = await acquireLock(repository, request);
  life.atEnd(() => lock.release());
  return { repository, lock, packing: { compression: policy.compression, ...(recipients ? { recipients } : {}) } };
}

async function open(deployment: Deployment, life: RunLife): Promise<RunRepository> {
  const policy = policyOf(deployment);
  const { openRepository } = await import("../../repository/repository.ts");
  const repository = await openRepository(policy, deployment.name);
  life.atEnd(() => repository.store.close());
  return { ...repository, policy };
}

const throttles = new RunSlot<Throttle>();

/** How this run stores files: compressed and encrypted as declared, all together no faster than asked. */
export function packingOf(
  { packing, policy }: WritableRepository,
  limitRate: number | null,
  { life }: ActionContext,
): Packing {
  const rate = limitRate ?? policy.bandwidth;
  if (rate === undefined) return packing;
  const throttle = throttles.of(life) ?? new Throttle(rate);
  throttles.put(life, throttle);
  return { ...packing, throttle };
}

/** What redisha.yaml says of backups. */
export function policyOf({ backup, name, file }: Deployment): BackupPolicy {
  if (backup) return backup;
  throw new RedishaError({
    code: "BACKUP_NOT_CONFIGURED",
    message: `${name} has no backup section in ${file}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["add `backup: { repository: /var/backups/redis }`, an s3:// or an sftp:// address"],
  });
}

import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type RunLife, RunSlot } from "../../engine/run-life.ts";
import type { BackupPolicy, Deployment } from "../../inventory/model.ts";
import type { Packing } from "../../repository/pipeline/pack-file.ts";
import { Throttle } from "../../repository/pipeline/throttle.ts";
import type { Repository } from "../../repository/repository.ts";
import type { ActionContext } from "../contract.ts";

/** The repository that a run works with: opened once, closed when the run ends in this process. */
export interface RunRepository extends Repository {
  readonly policy: BackupPolicy;
  readonly packing: Packing;
}

const slot = new RunSlot<Promise<RunRepository>>();

/** The repository of the deployment. Fails with BACKUP_NOT_CONFIGURED where redisha.yaml names none. */
export function repositoryOf({ deployment, life }: Pick<ActionContext, "deployment" | "life">): Promise<RunRepository> {
  const known = slot.of(life);
  if (known) return known;
  const opening = open(deployment, life);
  slot.put(life, opening);
  return opening;
}

async function open(deployment: Deployment, life: RunLife): Promise<RunRepository> {
  const policy = policyOf(deployment);
  const [{ openRepository }, { readRecipients }] = await Promise.all([
    import("../../repository/repository.ts"),
    import("../../repository/age/recipients.ts"),
  ]);
  const recipients = await readRecipients(policy.encryptTo);
  const repository = await openRepository(policy, deployment.name, { create: true });
  life.atEnd(() => repository.store.close());
  return { ...repository, policy, packing: { compression: policy.compression, ...(recipients ? { recipients } : {}) } };
}

const throttles = new RunSlot<Throttle>();

/** The limit that all transfers of a run share; undefined where there is none. */
export function throttleOf({ life }: ActionContext, policy: BackupPolicy, asked: number | null): Throttle | undefined {
  const rate = asked ?? policy.bandwidth;
  if (rate === undefined) return undefined;
  const throttle = throttles.of(life) ?? new Throttle(rate);
  throttles.put(life, throttle);
  return throttle;
}

/** What redisha.yaml says of backups. */
export function policyOf({ backup, name, file }: Deployment): BackupPolicy {
  if (backup) return backup;
  throw new RedishaError({
    code: "BACKUP_NOT_CONFIGURED",
    message: `${name} has no backup section in ${file}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["add `backup: { repository: /var/backups/redis }`, an s3:// or an sftp:// address", "docs/guide/backup.md"],
  });
}

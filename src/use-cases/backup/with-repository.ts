import { policyOf } from "../../actions/backup/repository.ts";
import type { BackupPolicy, Deployment } from "../../inventory/model.ts";
import type { Repository } from "../../repository/repository.ts";

/** Opens the repository of a deployment for as long as `work` takes. Fails with BACKUP_NOT_CONFIGURED. */
export async function withRepository<T>(
  deployment: Deployment,
  signal: AbortSignal,
  work: (repository: Repository, policy: BackupPolicy) => Promise<T>,
): Promise<T> {
  const policy = policyOf(deployment);
  const { openRepository } = await import("../../repository/repository.ts");
  const repository = await openRepository(policy, deployment.name, { signal });
  try {
    return await work(repository, policy);
  } finally {
    await repository.store.close();
  }
}

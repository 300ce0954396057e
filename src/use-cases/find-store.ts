import { RedishaError } from "../core/errors.ts";
import { findInventory, type WhereToLook } from "../inventory/find-inventory.ts";
import { storeBeside } from "./compile.ts";
import { RunbookStore } from "./runbook-store.ts";

/** The runbooks beside the redisha.yaml that would be used; beside the working directory where there is none. */
export async function findStore(where: WhereToLook): Promise<RunbookStore> {
  try {
    return storeBeside(await findInventory(where));
  } catch (error) {
    const none = error instanceof RedishaError && error.code === "INVENTORY_NOT_FOUND";
    if (none && where.file === undefined) return new RunbookStore(where.cwd);
    throw error;
  }
}

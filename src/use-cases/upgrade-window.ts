import type { Deployment } from "../inventory/model.ts";
import { type Window, writtenSince } from "../restore/written-since.ts";
import type { Topology } from "../topology/schema.ts";
import { withRepository } from "./backup/with-repository.ts";

/** What going back to a backup would lose now; undefined where it, or the repository, is not there. */
export async function upgradeWindow(
  deployment: Deployment,
  backup: string,
  topology: Topology,
  signal: AbortSignal,
): Promise<Window | undefined> {
  const { findComplete, readCatalog } = await import("../repository/catalog.ts");
  const reading = withRepository(deployment, signal, (repository) => readCatalog(repository, signal));
  const found = await reading.then((catalog) => findComplete(catalog, backup)).catch(() => undefined);
  return found && writtenSince(found.manifest, topology);
}

import { formatExactDuration } from "../../core/units.ts";
import type { Deployment } from "../../inventory/model.ts";

interface UpgradeFlags {
  readonly to: string;
  readonly engine: string | undefined;
  readonly directory: string | undefined;
  readonly waive: string | undefined;
  readonly soak: number | undefined;
}

/**
 * Flags as inputs of the runbook upgrade, as texts. A folder that is named is where the release comes from; else it comes from
 * where redisha.yaml says that the present one does.
 */
export function inputsOfUpgrade(flags: UpgradeFlags, { engine }: Deployment): Record<string, string> {
  const { to, directory, waive, soak } = flags;
  const inputs = {
    version: to,
    engine: flags.engine,
    source: directory === undefined ? (engine.source ?? "apt") : "directory",
    directory,
    backup: waive === "backup" ? "false" : undefined,
    soak: soak === undefined ? undefined : formatExactDuration(soak),
  };
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

import { formatExactDuration } from "../../core/units.ts";
import type { Deployment } from "../../inventory/model.ts";
import { givenInputs } from "../given-inputs.ts";

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
  const { to, directory, waive } = flags;
  return givenInputs({
    version: to,
    engine: flags.engine,
    source: directory === undefined ? (engine.source ?? "apt") : "directory",
    directory,
    backup: waive === "backup" ? "false" : undefined,
    soak: soakOf(flags),
  });
}

/** Flags as inputs of the runbook restart, as texts. */
export function inputsOfRestart(flags: {
  readonly on: readonly string[] | undefined;
  readonly sentinels: boolean;
  readonly soak: number | undefined;
}): Record<string, string> {
  const { on, sentinels } = flags;
  return givenInputs({ on: on?.join(","), sentinels, soak: soakOf(flags) });
}

/** Flags as inputs of the runbook patch, as texts. */
export function inputsOfPatch(flags: {
  readonly to: string | undefined;
  readonly soak: number | undefined;
}): Record<string, string> {
  return givenInputs({ revision: flags.to, soak: soakOf(flags) });
}

function soakOf({ soak }: { readonly soak: number | undefined }): string | undefined {
  return soak === undefined ? undefined : formatExactDuration(soak);
}

import { formatExactDuration } from "../../core/units.ts";
import type { Deployment } from "../../inventory/model.ts";
import { decideUpgrade } from "../../upgrade/matrix.ts";
import { majorOf } from "../../upgrade/release.ts";
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

interface HopFlags extends UpgradeFlags {
  readonly via: string | undefined;
  readonly "via-directory": string | undefined;
  readonly between: number | undefined;
  readonly pause: boolean;
}

/** First release of Valkey that went another way than Redis: what is between with a lower number is Redis. */
const FIRST_OF_VALKEY = 8;

/**
 * The release to go over: the one that is named, or, where redisha.yaml declares one from which the wanted one cannot be
 * reached in one step, any of the series after it that the hosts' packages offer.
 */
export function viaOf({ via, to, engine: wanted, directory }: HopFlags, { engine }: Deployment): string | undefined {
  if (via !== undefined || engine.version === undefined || directory !== undefined) return via;
  const from = { engine: engine.name, version: engine.version };
  const decision = decideUpgrade(from, { engine: wanted ?? engine.name, version: to });
  const skips = !decision.allowed && decision.code === "UPGRADE_SKIPS_SERIES";
  return skips && (wanted ?? engine.name) === engine.name ? String(majorOf(from) + 1) : undefined;
}

/** Flags as inputs of the runbook upgrade-hops, as texts. */
export function inputsOfHops(flags: HopFlags, via: string, deployment: Deployment): Record<string, string> {
  const valkey = flags.engine === "valkey" && majorOf({ version: via }) >= FIRST_OF_VALKEY;
  return {
    ...inputsOfUpgrade(flags, deployment),
    ...givenInputs({
      via,
      via_engine: valkey ? "valkey" : undefined,
      via_directory: flags["via-directory"],
      between: flags.between === undefined ? undefined : formatExactDuration(flags.between),
      pause: flags.pause,
    }),
  };
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

import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatExactDuration } from "../../core/units.ts";
import type { Deployment } from "../../inventory/model.ts";
import { decideUpgrade } from "../../upgrade/matrix.ts";
import { majorOf } from "../../upgrade/release.ts";
import { givenInputs } from "../given-inputs.ts";

/** An upgrade, as it was typed. */
export interface UpgradeFlags {
  readonly to: string;
  readonly engine: string | undefined;
  readonly directory: string | undefined;
  readonly waive: string | undefined;
  readonly soak: number | undefined;
  readonly standby?: string | undefined;
  readonly "standby-away"?: number | undefined;
  readonly standby_priority?: string | undefined;
}

/**
 * Flags as inputs of the runbook upgrade, as texts. A folder that is named is where the release comes from; else it comes from
 * where redisha.yaml says that the present one does.
 */
export function inputsOfUpgrade(flags: UpgradeFlags, { engine }: Deployment): Record<string, string> {
  const { to, directory, waive, standby, "standby-away": away, standby_priority } = flags;
  return givenInputs({
    version: to,
    engine: flags.engine,
    source: directory === undefined ? (engine.source ?? "apt") : "directory",
    directory,
    backup: waive === "backup" ? "false" : undefined,
    soak: soakOf(flags),
    standby,
    standby_away: away === undefined ? undefined : formatExactDuration(away),
    standby_priority,
  });
}

/** Flags as inputs of the runbook upgrade, where it brings the older release: by a standby that runs it, where there is one. */
export function inputsOfReturn(
  flags: UpgradeFlags & { readonly by_standby: string | undefined },
  deployment: Deployment,
): Record<string, string> {
  const { by_standby } = flags;
  return { ...inputsOfUpgrade(flags, deployment), ...givenInputs({ back: true, by_standby }) };
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

/** One that is left on the first release would be two behind: what it does with what it is sent nobody has measured. */
export function standbyOverHops(to: string): RedishaError {
  return new RedishaError({
    code: "USAGE",
    message: "--standby is for one step: a replica that is left behind over two of them cannot lead back.",
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`upgrade to the release between first, then: redisha upgrade --to ${to} --standby INSTANCE`],
  });
}

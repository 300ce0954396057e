import { givenInputs } from "../given-inputs.ts";

/** How writes may be stopped, as the runbook switchover knows it. */
export const METHODS = ["auto", "fence"] as const;

interface SwitchoverFlags {
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly shard: string | undefined;
  readonly "max-lag": string | undefined;
  readonly degraded: boolean;
  readonly method: string | undefined;
  readonly measure: boolean;
}

/** Flags as inputs of the runbook, as texts; what is not given is left to the runbook's own default. */
export function inputsOfSwitchover(flags: SwitchoverFlags): Record<string, string> {
  const { to, from, shard, degraded, method, measure } = flags;
  return givenInputs({ to, from, shard, max_lag: flags["max-lag"], degraded, method, measure });
}

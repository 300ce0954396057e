import { givenInputs } from "../given-inputs.ts";

/** Values of `movingFlags`. */
export interface MovingFlags {
  readonly "max-latency": string | undefined;
  readonly bandwidth: number | undefined;
  readonly method: string | undefined;
  readonly "big-keys": boolean;
}

interface ReshardFlags extends MovingFlags {
  readonly from: string | undefined;
  readonly to: string;
  readonly slots: string;
}

interface RebalanceFlags extends MovingFlags {
  readonly weight: readonly string[] | undefined;
  readonly "use-empty": boolean;
  readonly threshold: string | undefined;
}

/** Flags as inputs of the runbook reshard, as texts; what is not given is left to the runbook's own default. */
export function inputsOfReshard({ from, to, slots, ...rest }: ReshardFlags): Record<string, string> {
  return givenInputs({ from, to, slots, ...movingInputs(rest) });
}

/** Flags as inputs of the runbook rebalance. */
export function inputsOfRebalance({ weight, threshold, ...rest }: RebalanceFlags): Record<string, string> {
  return givenInputs({ weights: weight?.join(","), use_empty: rest["use-empty"], threshold, ...movingInputs(rest) });
}

/** Flags of every command that moves slots, as inputs of its runbook. */
export function movingInputs(flags: MovingFlags) {
  return {
    max_latency: flags["max-latency"],
    bandwidth: flags.bandwidth,
    method: flags.method,
    big_keys: flags["big-keys"],
  };
}

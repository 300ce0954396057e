import { givenInputs } from "../given-inputs.ts";
import { type MovingFlags, movingInputs } from "../reshard/inputs.ts";

interface AddFlags extends MovingFlags {
  readonly "replica-of": string | undefined;
  readonly primary: boolean;
  readonly slots: string | undefined;
  readonly weight: string | undefined;
  readonly "same-host": boolean;
}

interface RemoveFlags extends MovingFlags {
  readonly bare: boolean;
  readonly wait: string | undefined;
  readonly grace: string | undefined;
}

interface ScaleFlags extends MovingFlags {
  readonly primaries: number;
  readonly bare: boolean;
  readonly grace: string | undefined;
}

/** Flags as inputs of the runbook cluster-add-node; what is not given is left to the runbook's own default. */
export function inputsOfAdd(node: string, flags: AddFlags): Record<string, string> {
  const { primary, slots, weight } = flags;
  const placed = { replica_of: flags["replica-of"], primary, slots, weight, same_host: flags["same-host"] };
  return givenInputs({ node, ...placed, ...movingInputs(flags) });
}

/** Flags as inputs of the runbook cluster-remove-node. */
export function inputsOfRemove(node: string, { bare, wait, grace, ...rest }: RemoveFlags): Record<string, string> {
  return givenInputs({ node, bare, wait, grace, ...movingInputs(rest) });
}

/** Flags as inputs of the runbook cluster-scale. */
export function inputsOfScale({ primaries, bare, grace, ...rest }: ScaleFlags): Record<string, string> {
  return givenInputs({ primaries, bare, grace, ...movingInputs(rest) });
}

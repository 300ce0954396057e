import { formatExactDuration } from "../../core/units.ts";
import { givenInputs } from "../given-inputs.ts";

/** What can be done to a primary, as the runbook failover-test knows it. */
export const DRILL_MODES = ["hang", "crash", "partition", "partition_all", "host", "switchover"] as const;

interface DrillFlags {
  readonly mode: string;
  readonly shard: string | undefined;
  readonly backup: boolean;
  readonly return: boolean;
  readonly baseline: number | undefined;
  readonly watch: number | undefined;
  readonly hold: number | undefined;
  readonly writers: number | undefined;
  readonly rate: number | undefined;
  readonly "max-write-outage": number | undefined;
  readonly "max-lost": number | undefined;
  readonly waive: string | undefined;
  readonly production: boolean;
}

/** Flags as inputs of the runbook, as texts; what is not given is left to the runbook's own default. */
export function inputsOfDrill(flags: DrillFlags): Record<string, string> {
  const duration = (ms: number | undefined) => (ms === undefined ? undefined : formatExactDuration(ms));
  return givenInputs({
    mode: flags.mode,
    shard: flags.shard,
    backup: flags.backup,
    return: flags.return,
    baseline: duration(flags.baseline),
    watch: duration(flags.watch),
    hold: duration(flags.hold),
    writers: flags.writers,
    rate: flags.rate,
    max_write_outage: duration(flags["max-write-outage"]),
    max_lost: flags["max-lost"],
    waive: flags.waive,
    production: flags.production,
  });
}

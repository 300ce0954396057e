interface FixFlags {
  readonly keep: string | undefined;
  /** Undefined, too, where it is not given. */
  readonly take: boolean | undefined;
  readonly "max-latency": string | undefined;
}

/** Flags as inputs of the runbook cluster-fix; what is not given is left to the runbook's own default. */
export function inputsOfFix({ keep, take, "max-latency": latency }: FixFlags): Record<string, string> {
  return {
    ...(take ? { take: "true" } : {}),
    ...(keep === undefined ? {} : { keep }),
    ...(latency === undefined ? {} : { max_latency: latency }),
  };
}

import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import type { Topology, Verdict } from "../../topology/schema.ts";
import { type ErrorReport, reportOf } from "../error-report.ts";

/** One of several deployments: what was seen of it, or why nothing was. */
export interface OneOfAll {
  readonly name: string;
  readonly exit: ExitCode;
  readonly topology: Topology | null;
  readonly verdict: Verdict | null;
  readonly failure: ErrorReport | null;
}

interface Look {
  readonly topology: Topology;
  readonly verdict: Verdict;
  readonly exit: ExitCode;
}

/** Looks at every deployment at once; one that cannot be looked at never hides the others. */
export async function lookAtAll<D extends { readonly name: string }>(
  deployments: readonly D[],
  look: (deployment: D) => Promise<Look>,
): Promise<OneOfAll[]> {
  return Promise.all(
    deployments.map(async (deployment): Promise<OneOfAll> => {
      try {
        return { name: deployment.name, failure: null, ...(await look(deployment)) };
      } catch (error) {
        const failure = reportOf(error);
        return { name: deployment.name, exit: failure.exit, topology: null, verdict: null, failure };
      }
    }),
  );
}

/** The exit code of them all: bad news about a deployment before what could not be looked at, that before all is well. */
export function worstExit(all: readonly OneOfAll[]): ExitCode {
  const codes: readonly ExitCode[] = all.map((one) => one.exit).filter((code) => code !== EXIT.done);
  const order: readonly ExitCode[] = [EXIT.unhealthy, EXIT.cannotConnect];
  return order.find((code) => codes.includes(code)) ?? codes[0] ?? EXIT.done;
}

import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { ownVersion } from "../core/own-version.ts";
import type { Runbook } from "../runbook/model.ts";
import { inRange } from "../runbook/version-range.ts";
import type { Session } from "./session.ts";

/**
 * Holds a runbook's `requires` against the deployment and against this redisha. Servers are asked only where it names
 * versions of them; one that does not answer is left to the run. Fails with RUNBOOK_TOPOLOGY or RUNBOOK_REQUIRES (exit 2).
 */
export async function refuseUnmet(runbook: Runbook, { deployment, live }: Session, signal: AbortSignal): Promise<void> {
  const { topology, engine, redis } = runbook.requires;
  if (topology && !topology.includes(deployment.kind)) {
    const message = `The runbook ${runbook.name} is for ${topology.join(" or ")}; this deployment is a ${deployment.kind}.`;
    throw unmet("RUNBOOK_TOPOLOGY", message, "redisha runbook list");
  }
  if (engine !== undefined && !inRange(ownVersion(), engine)) {
    const message = `The runbook ${runbook.name} needs redisha ${engine}; this is ${ownVersion()}.`;
    throw unmet("RUNBOOK_REQUIRES", message, "redisha --version");
  }
  if (redis === undefined) return;
  const { nodes } = await live.topology(signal);
  const wrong = nodes.filter(({ version }) => version !== null && !inRange(version, redis));
  if (wrong.length === 0) return;
  const which = wrong.map(({ id, version }) => `${id} runs ${version}`).join(", ");
  throw unmet(
    "RUNBOOK_REQUIRES",
    `The runbook ${runbook.name} is for servers ${redis}; ${which}.`,
    "redisha status --wide",
  );
}

function unmet(code: string, message: string, next: string): RedishaError {
  return new RedishaError({ code, message, exit: EXIT.usage, state: "nothing was touched", next: [next] });
}

import { sleep } from "../../core/abort.ts";
import { formatDuration } from "../../core/units.ts";
import type { Instance } from "../../inventory/model.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import { parseClients } from "../acl/clients.ts";
import type { ActionContext } from "../contract.ts";

/** `CLIENT LIST` gives whole seconds. */
const ROUNDED_MS = 1_000;

const LOOK_MS = 1_000;

/** What a replica says of itself. */
export interface Asked {
  /** Its CLUSTER INFO. */
  readonly info: string;
  /** Its CLIENT LIST. */
  readonly clients: string;
  readonly nodeTimeoutMs: number;
}

/**
 * How long until a replica begins an election of its own when it is told to take over, in milliseconds. For four times
 * node-timeout a node keeps the votes of its last one (`failover_auth_sent` of cluster.c; CLUSTER RESET leaves them, too): told to
 * take over again within half of that it holds itself elected with the epoch of then, takes writes, and is overruled by the
 * primary, which throws them away; in the other half it does nothing. One that asked for votes since its process began, and
 * has followed its primary for less than that, may be such a one.
 */
export function electionLeftMs({ info, clients, nodeTimeoutMs }: Asked): number {
  if (Number(parseInfo(info)["cluster_stats_messages_auth-req_sent"] ?? 0) === 0) return 0;
  const link = parseClients(clients).find(({ is }) => is === "primary");
  const followsMs = (link?.age ?? 0) * 1_000;
  return Math.max(0, Math.max(nodeTimeoutMs * 2, 2_000) * 2 + ROUNDED_MS - followsMs);
}

/** Waits until then. */
export async function untilElectionIsPast(
  replica: Instance,
  nodeTimeoutMs: number,
  context: ActionContext,
): Promise<void> {
  const connection = await context.redis(replica);
  for (;;) {
    const [info, clients] = await connection.pipeline(
      [
        ["CLUSTER", "INFO"],
        ["CLIENT", "LIST"],
      ],
      {
        signal: context.signal,
      },
    );
    const leftMs = electionLeftMs({ info: String(info), clients: String(clients), nodeTimeoutMs });
    if (leftMs === 0) return;
    context.progress(`${replica.id} may still hold votes of an election before: waiting ${formatDuration(leftMs)}`);
    await sleep(Math.min(leftMs, LOOK_MS), context.signal);
  }
}

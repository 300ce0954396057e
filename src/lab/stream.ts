import { type InfoMap, parseInfo } from "../topology/parse/info.ts";
import { pairsOf } from "../topology/parse/pairs.ts";
import type { LabClient } from "./connect.ts";
import type { LabSpec } from "./spec.ts";
import { waitForNothingMissing } from "./wait.ts";

/**
 * Waits until what a primary is told arrives at its replicas. After a diskless synchronization the primary says `online`
 * and the replica `up`, but writes wait for the replica's next REPLCONF ACK, up to a second later (replication.c,
 * `repl_start_cmd_stream_on_ack`), and INFO shows nothing of it. So each primary sends something that changes no key.
 */
export async function waitForStream(spec: LabSpec, clients: readonly LabClient[], signal?: AbortSignal): Promise<void> {
  const before = offsets(await replicationOf(clients));
  const primaries = clients.filter(({ node }) => before.has(node.address));
  // In a cluster PUBLISH takes the bus; there the PINGs of the primary do, which otherwise come every ten seconds.
  const periods = spec.topology === "cluster" ? await Promise.all(primaries.map(pingEverySecond)) : [];
  if (spec.topology !== "cluster")
    await Promise.all(primaries.map((client) => client.send("PUBLISH", "redisha:lab", "ready")));
  try {
    await waitForNothingMissing(async () => {
      const late = (await replicationOf(clients)).find(({ info }) => {
        const from = before.get(info.master_host ?? "");
        return from !== undefined && Number(info.slave_repl_offset) <= from;
      });
      return late && `${late.client.node.id} is sent nothing yet by its primary`;
    }, signal);
  } finally {
    await Promise.all(periods.map((putBack) => putBack()));
  }
}

async function pingEverySecond(primary: LabClient): Promise<() => Promise<unknown>> {
  const name = "repl-ping-replica-period";
  const period = pairsOf(await primary.send("CONFIG", "GET", name))[name] ?? "10";
  await primary.send("CONFIG", "SET", name, 1);
  return () => primary.send("CONFIG", "SET", name, period);
}

type Replication = { readonly client: LabClient; readonly info: InfoMap };

function replicationOf(clients: readonly LabClient[]): Promise<Replication[]> {
  return Promise.all(
    clients.map(async (client) => ({ client, info: parseInfo(String(await client.send("INFO", "replication"))) })),
  );
}

/** Where each primary is in its stream, by address. */
function offsets(all: readonly Replication[]): ReadonlyMap<string, number> {
  const primaries = all.filter(({ info }) => info.role === "master");
  return new Map(primaries.map(({ client, info }) => [client.node.address, Number(info.master_repl_offset)]));
}

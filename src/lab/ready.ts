import { formCluster, missingInCluster } from "./cluster.ts";
import { connectTo, type LabClient } from "./connect.ts";
import type { Credentials } from "./credentials.ts";
import { missingInReplication } from "./replication.ts";
import { hurrySentinels, missingInSentinels } from "./sentinel.ts";
import { dataNodes, type LabProcess, type LabSpec, memberNodes, sentinelNodes } from "./spec.ts";
import { startProcess } from "./start.ts";
import { waitForStream } from "./stream.ts";
import { waitForNothingMissing } from "./wait.ts";

/** Starts every process of a new lab, in the order in which nobody has to try twice, and waits until all of it agrees. */
export async function startLab(
  spec: LabSpec,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const start = (nodes: readonly LabProcess[]): Promise<unknown> =>
    Promise.all(nodes.map((node) => startProcess(spec, node, credentials, signal)));
  const isPrimary = (node: LabProcess): boolean => node.follows === null;
  const data = dataNodes(spec);
  const startData = async (): Promise<void> => {
    // A replica that finds no primary tries again only a second later.
    await start(data.filter(isPrimary));
    await start(data.filter((node) => !isPrimary(node)));
  };
  await Promise.all([start(spec.processes.filter((node) => node.service === "sshd")), startData()]);
  if (spec.topology === "cluster")
    await withClients(spec, memberNodes(spec), credentials, (clients) => formCluster(clients, signal));
  // A Sentinel that finds a primary without replicas asks it again only ten seconds later.
  await waitUntilDataIsReady(spec, credentials, signal);
  await start(sentinelNodes(spec));
  await waitUntilReady(spec, credentials, signal);
}

/** Waits until the whole lab agrees with itself: links, roles, slots, Sentinels. Fails with LAB_NOT_READY. */
export async function waitUntilReady(
  spec: LabSpec,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<void> {
  await waitUntilDataIsReady(spec, credentials, signal);
  await withClients(spec, memberNodes(spec), credentials, async (data) => {
    if (spec.topology === "sentinel") {
      await withClients(spec, sentinelNodes(spec), credentials, async (sentinels) => {
        await hurrySentinels(sentinels, true);
        await waitForNothingMissing(() => missingInSentinels(spec, sentinels, data), signal);
        await hurrySentinels(sentinels, false);
      });
    }
    await waitForStream(spec, data, signal);
  });
}

function waitUntilDataIsReady(
  spec: LabSpec,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const missing = spec.topology === "cluster" ? missingInCluster : missingInReplication;
  return withClients(spec, memberNodes(spec), credentials, (clients) =>
    waitForNothingMissing(() => missing(clients), signal),
  );
}

async function withClients<T>(
  spec: LabSpec,
  nodes: readonly LabProcess[],
  credentials: Credentials | undefined,
  body: (clients: readonly LabClient[]) => Promise<T>,
): Promise<T> {
  const clients = await Promise.all(nodes.map((node) => connectTo(spec, node, credentials)));
  try {
    return await body(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

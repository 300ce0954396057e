import { parseInfo } from "../topology/parse/info.ts";
import type { LabClient } from "./connect.ts";
import { missingInReplication } from "./replication.ts";
import { waitForNothingMissing } from "./wait.ts";

const SLOTS = 16_384;

/** Makes a cluster of empty servers: slots to the primaries, everybody introduced to everybody, replicas to their primaries. */
export async function formCluster(clients: readonly LabClient[], signal?: AbortSignal): Promise<void> {
  const members = await Promise.all(
    clients.map(async (client) => ({ client, id: String(await client.send("CLUSTER", "MYID")) })),
  );
  const primaries = members.filter(({ client }) => client.node.follows === null);
  await Promise.all(
    members.map(async ({ client }, index) => {
      // Epochs of their own from the start: otherwise the nodes first have to settle who yields.
      await client.send("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      const rank = primaries.findIndex((each) => each.client === client);
      if (rank >= 0) await client.send("CLUSTER", "ADDSLOTS", ...slotsOf(rank, primaries.length));
      // Gossip would spread the news one ping a second; with every pair introduced, all know all at once.
      for (const { client: other } of members.slice(index + 1)) {
        await client.send("CLUSTER", "MEET", other.node.address, other.node.port);
      }
    }),
  );
  await waitForNothingMissing(async () => missingAcquaintances(members), signal);
  for (const { client } of members) {
    const leader = primaries.find((each) => each.client.node.id === client.node.follows);
    if (leader) await client.send("CLUSTER", "REPLICATE", leader.id);
  }
}

/** What still keeps the cluster from serving: state, slots and replicas by the view of every single node. */
export async function missingInCluster(clients: readonly LabClient[]): Promise<string | undefined> {
  const replicas = clients.filter((client) => client.node.follows !== null).length;
  for (const client of clients) {
    const info = parseInfo(String(await client.send("CLUSTER", "INFO")));
    if (info.cluster_state !== "ok") return `${client.node.id} says cluster_state:${info.cluster_state}`;
    if (info.cluster_slots_ok !== String(SLOTS)) return `${client.node.id} sees ${info.cluster_slots_ok} slots served`;
    const nodes = nodeLines(await client.send("CLUSTER", "NODES"));
    const bad = nodes.find((node) => /fail|handshake|noaddr/.test(node.flags));
    if (bad) return `${client.node.id} sees ${bad.address} as ${bad.flags}`;
    const known = nodes.filter((node) => node.flags.includes("slave")).length;
    if (known !== replicas) return `${client.node.id} knows ${known} of ${replicas} replicas`;
  }
  return missingInReplication(clients);
}

async function missingAcquaintances(
  members: readonly { client: LabClient; id: string }[],
): Promise<string | undefined> {
  for (const { client } of members) {
    const nodes = nodeLines(await client.send("CLUSTER", "NODES")).filter((node) => !node.flags.includes("handshake"));
    const unknown = members.find(({ id }) => !nodes.some((node) => node.id === id));
    if (unknown) return `${client.node.id} has not met ${unknown.client.node.id}`;
  }
  return undefined;
}

function nodeLines(reply: unknown): { id: string; address: string; flags: string }[] {
  const lines = String(reply).split("\n").filter(Boolean);
  return lines.map((line) => {
    const [id = "", address = "", flags = ""] = line.split(" ");
    return { id, address, flags };
  });
}

/** Even shares: of 16384 slots and three primaries 0-5460, 5461-10922, 10923-16383, as redis-cli would deal them. */
function slotsOf(rank: number, primaries: number): number[] {
  const from = Math.round((rank * SLOTS) / primaries);
  const to = Math.round(((rank + 1) * SLOTS) / primaries);
  return Array.from({ length: to - from }, (_, index) => from + index);
}

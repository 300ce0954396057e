import { parseInfo } from "../topology/parse/info.ts";
import type { LabClient } from "./connect.ts";

/** What still keeps replication from being whole: every replica linked, every primary aware of its replicas. */
export async function missingInReplication(clients: readonly LabClient[]): Promise<string | undefined> {
  const infos = await Promise.all(
    clients.map(async (client) => ({ client, info: parseInfo(String(await client.send("INFO", "replication"))) })),
  );
  const primaries = infos.filter(({ info }) => info.role === "master");
  if (primaries.length === 0) return "no server is a primary";
  for (const { client, info } of infos) {
    if (info.role === "slave" && info.master_link_status !== "up")
      return `${client.node.id} has no link to its primary`;
    const followers = infos.filter(({ info: other }) => other.master_host === client.node.address);
    const online = Object.entries(info).filter(
      ([name, value]) => /^slave\d+$/.test(name) && value.includes("state=online"),
    );
    if (online.length < followers.length)
      return `${client.node.id} serves ${online.length} of its ${followers.length} replicas`;
  }
  return undefined;
}

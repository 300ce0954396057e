import type { RedisReply } from "../connect/types.ts";
import { parseInfo } from "../topology/parse/info.ts";
import { pairsOf } from "../topology/parse/pairs.ts";
import type { LabClient } from "./connect.ts";
import { type LabSpec, sentinelNodes } from "./spec.ts";

/**
 * What still keeps the Sentinels from agreeing: each must name the same primary, see it, know every direct replica of
 * it with a working link, and every other Sentinel.
 */
export async function missingInSentinels(
  spec: LabSpec,
  sentinels: readonly LabClient[],
  data: readonly LabClient[],
): Promise<string | undefined> {
  const primaries = new Set<string>();
  for (const client of sentinels) {
    const ask = async (question: string): Promise<RedisReply[]> => {
      const reply = await client.send("SENTINEL", question, spec.master_name);
      return Array.isArray(reply) ? reply : [];
    };
    const master = pairsOf(await ask("master"));
    const address = `${master.ip}:${master.port}`;
    primaries.add(address);
    if (master.flags !== "master") return `${client.node.id} sees the primary as ${master.flags}`;

    const expected = await directReplicas(data, address);
    const replicas = (await ask("replicas")).map(pairsOf);
    const linked = replicas.filter((each) => each.flags === "slave" && each["master-link-status"] === "ok");
    if (linked.length < expected) return `${client.node.id} sees ${linked.length} of ${expected} replicas`;

    const peers = (await ask("sentinels")).map(pairsOf).filter((each) => each.flags === "sentinel");
    const others = sentinelNodes(spec).length - 1;
    if (peers.length < others) return `${client.node.id} sees ${peers.length} of ${others} other Sentinels`;
  }
  return primaries.size > 1 ? `the Sentinels name different primaries: ${[...primaries].join(", ")}` : undefined;
}

/** A replica of a replica is not in its primary's INFO, so no Sentinel ever hears of it. */
async function directReplicas(data: readonly LabClient[], primary: string): Promise<number> {
  const followed = await Promise.all(
    data.map(async (client) => {
      const info = parseInfo(String(await client.send("INFO", "replication")));
      return `${info.master_host}:${info.master_port}`;
    }),
  );
  return followed.filter((each) => each === primary).length;
}

/**
 * Sentinels look at servers every ten seconds and greet each other every two: correct in production, slow in a lab.
 * From 7.0 on they can be told to hurry for a while; the second call puts the defaults back.
 */
export async function hurrySentinels(sentinels: readonly LabClient[], hurry: boolean): Promise<void> {
  const periods = hurry
    ? ["INFO-PERIOD", 100, "PUBLISH-PERIOD", 100, "ASK-PERIOD", 100]
    : ["INFO-PERIOD", 10_000, "PUBLISH-PERIOD", 2_000, "ASK-PERIOD", 1_000];
  // 6.0 does not know it and takes the two seconds.
  await Promise.all(sentinels.map((client) => client.send("SENTINEL", "DEBUG", ...periods).catch(() => undefined)));
}

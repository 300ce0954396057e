import { list } from "../../topology/words.ts";
import { seen, watching } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";

export const staleSentinelPeers: Cause = {
  id: "stale-sentinel-peers",
  title: "Sentinels remember somebody who is gone, or take two for one",
  symptoms: ["no-failover", "writes-lost"],
  why: "A Sentinel that is gone still counts as a voter. A replica that is gone leaves its address: what answers there next is made a replica, and emptied. Sentinels with one myid, from a cloned machine, take each other's place again and again.",
  how: "SENTINEL REPLICAS and SENTINEL SENTINELS of each, held against redisha.yaml; the myid of each, held against those of the others.",
  diagnose: (facts) => [...remembered(facts), ...cloned(facts)],
};

function remembered(facts: Facts): Diagnosis[] {
  const { topology } = facts;
  const nodes = new Set(topology.nodes.filter(({ listed }) => listed).map(({ id }) => id));
  const sentinels = new Set(topology.sentinels.filter(({ listed }) => listed).map(({ id }) => id));
  const stale = watching(facts).flatMap(({ id, known_replicas, known_sentinels }) => [
    ...known_replicas
      .filter(({ node_id }) => node_id === null || !nodes.has(node_id))
      .map(({ address, flags }) => seen(id, `SENTINEL REPLICAS`, `replica ${address}, ${flags.join(",")}`)),
    ...known_sentinels
      .filter(({ sentinel_id }) => sentinel_id === null || !sentinels.has(sentinel_id))
      .map(({ address, flags }) => seen(id, "SENTINEL SENTINELS", `Sentinel ${address}, ${flags.join(",")}`)),
  ]);
  if (stale.length === 0) return [];
  const who = [...new Set(stale.map(({ value }) => value.split(",")[0] ?? ""))];
  return [
    {
      severity: "warning",
      confidence: "certain",
      subjects: [...new Set(stale.map(({ where }) => where))],
      message: `Sentinels remember ${list(who)}, which redisha.yaml does not list`,
      evidence: stale,
      mend: { runbook: "sentinel-reset-rolling", inputs: {} },
      next: ["list it in redisha.yaml instead, where it is one of the deployment"],
    },
  ];
}

function cloned({ topology }: Facts): Diagnosis[] {
  const byId = Map.groupBy(
    topology.sentinels.filter(({ up, run_id }) => up && run_id !== null),
    ({ run_id }) => run_id ?? "",
  );
  return [...byId]
    .filter(([, same]) => same.length > 1)
    .map(([myid, same]) => ({
      severity: "critical" as const,
      confidence: "certain" as const,
      subjects: same.map(({ id }) => id),
      message: `${list(same.map(({ id }) => id))} have the same myid, as clones of one machine have: the others count them as one`,
      evidence: same.map(({ id }) => seen(id, "SENTINEL MYID", myid)),
      next: same
        .slice(1)
        .map(
          ({ id, host }) => `on ${host}: stop Sentinel ${id}, take the line "sentinel myid" out of its file, start it`,
        )
        .concat("then: redisha run sentinel-reset-rolling"),
    }));
}

import { z } from "zod";
import { known, onServers, passIf, sentinelOf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const sentinelPeers = defineCheck({
  id: "sentinel-peers",
  title: "Sentinels remember nobody who is gone",
  why: "A Sentinel that is gone still counts when a majority is needed. A replica that is gone leaves its address behind: whatever answers there next is made a replica, and wiped.",
  how: "SENTINEL REPLICAS and SENTINEL SENTINELS of each Sentinel, held against redisha.yaml.",
  mend: [
    "redisha run sentinel-reset-rolling",
    "or by hand: one Sentinel after the other, 30 s apart, while the primary is up: redis-cli -p 26379 SENTINEL RESET NAME",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "only instances of redisha.yaml",
  judge: (facts) => {
    const listed = new Set(facts.topology.nodes.filter((node) => node.listed).map(({ id }) => id));
    const watchers = new Set(facts.topology.sentinels.filter((each) => each.listed).map(({ id }) => id));
    return onServers(facts, "sentinel", (server) => {
      const sentinel = sentinelOf(facts, server);
      const seen = known(sentinel.watching ? sentinel : null, "it does not watch the group");
      const replicas = seen.known_replicas.filter(({ node_id }) => node_id === null || !listed.has(node_id));
      const sentinels = seen.known_sentinels.filter(
        ({ sentinel_id }) => sentinel_id === null || !watchers.has(sentinel_id),
      );
      const stale = [
        ...replicas.map(({ address }) => `replica ${address}`),
        ...sentinels.map(({ address }) => `Sentinel ${address}`),
      ];
      const measured = `${seen.known_replicas.length} replicas, ${seen.known_sentinels.length} Sentinels`;
      return passIf(stale.length === 0, stale.length === 0 ? measured : `remembers ${stale.join(", ")}`);
    });
  },
});

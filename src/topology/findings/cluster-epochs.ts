import type { Finding } from "../schema.ts";
import { list } from "../words.ts";
import { type Case, finding } from "./case.ts";

/**
 * Primaries of a cluster with one configuration epoch: were both to claim a slot, nothing would say who is right. The server
 * settles that by itself, the one with the smaller node id goes up by one (cluster.c, clusterHandleConfigEpochCollision):
 * where it lasts they do not hear each other.
 */
export function clusterEpochFindings({ topology }: Case): Finding[] {
  const primaries = topology.nodes.flatMap(({ id, up, role, cluster }) =>
    up && role === "primary" && cluster && cluster.epoch !== null && cluster.slots_count > 0
      ? [{ id, epoch: cluster.epoch }]
      : [],
  );
  return [...Map.groupBy(primaries, ({ epoch }) => epoch)]
    .filter(([, group]) => group.length > 1)
    .map(([epoch, group]) =>
      finding({
        id: "config_epoch_collision",
        severity: "warning",
        subject: topology.deployment,
        message: `${list(group.map(({ id }) => id))} have the same config epoch ${epoch}: were they to claim the same slot, nothing would say whose it is`,
        evidence: group.map(({ id }) => `${id} config epoch ${epoch}`),
        next: [
          "they settle it within seconds where they hear each other: look again",
          "see failing_by_some where it lasts",
        ],
      }),
    );
}

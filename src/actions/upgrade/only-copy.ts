import { RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import type { Topology } from "../../topology/schema.ts";
import { canFullSync } from "../../topology/versions.ts";
import { type Release, shown } from "../../upgrade/release.ts";

/**
 * Fails with UPGRADE_ONLY_COPY unless another node is the primary of the shard and could send this one all its data, once it
 * is of the release `next`: what is stopped to be taken back must not be what everybody follows.
 */
export function refuseOnlyCopy({ id }: Instance, next: Release, { kind, nodes, shards }: Topology): void {
  const shard =
    kind === "cluster"
      ? shards.find(({ primary_id, replica_ids }) => primary_id === id || replica_ids.includes(id))
      : shards[0];
  const primary = nodes.find((node) => node.id === shard?.primary_id && node.role === "primary" && node.up);
  if (primary && primary.id !== id && canFullSync(primary, next)) return;
  const why =
    primary === undefined
      ? "no primary answers that it could get its data from"
      : primary.id === id
        ? "it is the primary by now"
        : `the primary ${primary.id} runs ${primary.version} by now, from which ${shown(next)} cannot be synced`;
  throw new RedishaError({
    code: "UPGRADE_ONLY_COPY",
    message: `${id} is not taken back: ${why}.`,
    host: id,
    state: "nothing of it was touched: it runs on with its data",
    next: ["redisha status", "go on instead: redisha runs resume last"],
  });
}

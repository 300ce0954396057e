import { type RollbackStandby, rollbackStandbys, saidOf } from "../rollback-standby.ts";
import type { DataNode, Finding } from "../schema.ts";
import { canFullSync, compareVersions, divergesSilently } from "../versions.ts";
import { few, list } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Versions that differ, and pairs where that endangers data. */
export function versionFindings({ topology, replicas, node }: Case): Finding[] {
  const standbys = rollbackStandbys(topology);
  const isStandby = ({ id }: DataNode) => standbys.some((standby) => standby.node.id === id);
  const up = topology.nodes.filter((each) => each.up && each.version !== null && !isStandby(each));
  const groups = Map.groupBy(up, ({ engine, version }) => `${engine} ${version}`);
  const findings: Finding[] = [];
  if (groups.size > 1) {
    const first = up[0];
    const patchOnly = up.every((other) => first !== undefined && compareVersions(first, other) === 0);
    const words = [...groups].map(([name, nodes]) => `${name} on ${few(nodes.map(({ id }) => id))}`);
    findings.push(
      finding({
        id: "version_skew",
        severity: patchOnly ? "info" : "warning",
        subject: topology.deployment,
        message: `Not every instance runs the same version: ${words.join("; ")}`,
        evidence: up.map(({ id, engine, version }) => `${id} ${engine} ${version}`),
        next: ["finish the upgrade: replicas first, the primary last"],
      }),
    );
  }
  const others = replicas.filter((replica) => !isStandby(replica));
  return [
    ...findings,
    ...standbys.map(standbyFinding),
    ...others.flatMap((replica) => olderReplica(replica, node(replica.primary_id))),
  ];
}

/** A replica that was left on the release from before on purpose. */
function standbyFinding(standby: RollbackStandby): Finding {
  const { node, primary, unsound } = standby;
  const giveUp = `give it up: redisha upgrade --to ${primary?.version ?? "VERSION"}`;
  return finding({
    id: unsound.length === 0 ? "rollback_standby" : "rollback_standby_lost",
    severity: unsound.length === 0 ? "info" : "warning",
    subject: node.id,
    message: saidOf(standby),
    evidence: [node, ...(primary ? [primary] : [])].map(
      ({ id, version, offset, replid }) => `${id} ${version ?? "?"}, offset ${offset ?? "?"} of ${replid ?? "?"}`,
    ),
    next: [
      ...(unsound.length === 0 ? [`go back by it: redisha rollback --to ${node.version}`] : []),
      ...(node.up ? [] : [`have it answer first: redisha run revive-standby --input node=${node.id}`]),
      giveUp,
    ],
  });
}

function olderReplica(replica: DataNode, primary: DataNode | undefined): Finding[] {
  if (!primary?.up) return [];
  const dangers: string[] = [];
  if (!canFullSync(primary, replica)) {
    dangers.push("it cannot load a full sync: the next one empties it and fails");
  }
  if (divergesSilently(primary, replica)) {
    dangers.push("it drops what it does not know, such as SET with an expiry, while link and offsets look right");
  }
  if (dangers.length === 0) return [];
  return [
    finding({
      id: "replica_older_than_primary",
      severity: "warning",
      subject: replica.id,
      message: `${replica.id} (${replica.engine} ${replica.version}) follows ${primary.id} (${primary.engine} ${primary.version}): ${list(dangers)}`,
      evidence: [`${primary.id} ${primary.version}`, `${replica.id} ${replica.version}`],
      next: [
        `upgrade ${replica.id}; until then do not restart it and keep it from being promoted (replica-priority 0)`,
      ],
    }),
  ];
}

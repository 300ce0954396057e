import type { DataNode, Finding } from "../schema.ts";
import { canFullSync, compareVersions, divergesSilently } from "../versions.ts";
import { few, list } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Versions that differ, and pairs where that endangers data. */
export function versionFindings({ topology, replicas, node }: Case): Finding[] {
  const up = topology.nodes.filter(({ up: answers, version }) => answers && version !== null);
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
  return [...findings, ...replicas.flatMap((replica) => olderReplica(replica, node(replica.primary_id)))];
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

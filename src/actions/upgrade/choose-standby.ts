import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";
import { list } from "../../topology/words.ts";
import { isRelease, type Release, shown } from "../../upgrade/release.ts";
import { noStandbyFor } from "../../upgrade/standby.ts";
import { wayBack } from "../../upgrade/way-back.ts";

/**
 * The replica that an upgrade to `to` is to leave on its release, by its id or its host. Fails with UPGRADE_NO_STANDBY where
 * none is meant, or where it could not lead back, with all the reasons at once.
 */
export function chooseStandby(named: string, to: Release, topology: Topology): DataNode {
  const { kind, nodes } = topology;
  if (kind === "cluster") {
    throw noStandby(named, [
      "each shard of a Cluster would need one, and that it leads back there has not been measured",
    ]);
  }
  const [node, ...more] = nodes.filter(({ id, host }) => id === named || host === named);
  if (node === undefined) throw noStandby(named, ["there is no such instance"]);
  if (more.length > 0) throw noStandby(named, [`${node.host} has several instances: name one by its port`]);
  const why = whyNot(node, to, topology);
  if (why.length > 0) throw noStandby(node.id, why);
  return node;
}

function whyNot(node: DataNode, to: Release, { nodes, primary_id }: Topology): string[] {
  if (node.engine === null || node.version === null) return ["it does not answer"];
  const runs = { engine: node.engine, version: node.version };
  if (isRelease(runs, to)) return [`it runs ${shown(to)} already`];
  const unfit = noStandbyFor(to, runs, wayBack(to, runs).by);
  const others = nodes.filter(({ id, role, priority }) => id !== node.id && role === "replica" && priority !== 0);
  const neighbours = nodes.filter(({ id, host }) => id !== node.id && host === node.host).map(({ id }) => id);
  return [
    ...(unfit === undefined ? [] : [unfit]),
    ...(node.role === "replica" ? [] : ["it is the primary: name one of its replicas, or switch over first"]),
    ...(node.role !== "replica" || node.primary_id === primary_id ? [] : ["it does not follow the primary itself"]),
    ...(others.length > 0 || node.role !== "replica"
      ? []
      : ["it is the only replica that could take the primary's place"]),
    ...(neighbours.length === 0 ? [] : [`its host stays as it is, and runs ${list(neighbours)} besides`]),
    ...(node.config_file === null ? ["it has no configuration file that would keep it so over a restart"] : []),
  ];
}

function noStandby(named: string, why: readonly string[]): RedishaError {
  return new RedishaError({
    code: "UPGRADE_NO_STANDBY",
    message: `${named} can be no standby for the way back: ${list(why)}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["redisha status --wide", "name another replica, or leave --standby out: the way back is a backup then"],
  });
}

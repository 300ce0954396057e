import { lockedOut } from "../locked-out.ts";
import { promotionObstacle } from "../promotable.ts";
import type { Finding } from "../schema.ts";
import { authority } from "../sentinel-authority.ts";
import { count, list, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Whether Sentinels could order a failover, and whether there is anything to fail over to. */
export function sentinelPowerFindings(facts: Case): Finding[] {
  if (facts.topology.kind !== "sentinel") return [];
  return [
    ...lostAuthority(facts),
    ...checkQuorum(facts),
    ...noCandidate(facts),
    ...quorumSettings(facts),
    ...numbers(facts),
  ];
}

function lostAuthority({ topology }: Case): Finding[] {
  const found = authority(topology);
  const silent = topology.sentinels.filter(({ listed, reach }) => listed && !reach.ok);
  const locked = silent.filter(lockedOut);
  if (!found) {
    // Sentinels that never were asked may be well: why they were not is the finding, sentinel_unreachable.
    if (silent.length === locked.length) return [];
    return [
      finding({
        id: "majority_lost",
        severity: "warning",
        subject: topology.deployment,
        message: "No Sentinel that watches the group answers: if the primary dies, nothing takes its place",
        next: ["start the Sentinels, or open the way to them"],
      }),
    ];
  }
  const { reachable, voters, majority, quorum } = found;
  const seen = `${reachable} of ${count(voters, "Sentinel")} ${reachable === 1 ? "takes" : "take"} part`;
  const bringBack =
    locked.length > 0
      ? `first let redisha in to ${list(locked.map(({ id }) => id))} (see sentinel_unreachable): whom it cannot ask does not count here`
      : "bring back the Sentinels that do not answer";
  const findings: Finding[] = [];
  if (reachable < quorum) {
    findings.push(
      finding({
        id: "quorum_lost",
        severity: "warning",
        subject: topology.deployment,
        message: `${seen}, below the quorum of ${quorum}: if the primary dies, nobody declares it down and nothing takes its place`,
        evidence: [`quorum ${quorum}, voters ${voters}`],
        next: [bringBack],
      }),
    );
  }
  if (reachable < majority) {
    findings.push(
      finding({
        id: "majority_lost",
        severity: "warning",
        subject: topology.deployment,
        message: `${seen}, below the majority of ${majority}: a failover cannot be authorised, whatever the quorum says`,
        evidence: [`voters ${voters}, dead and stale ones counted`],
        next: [bringBack, "if some are gone for good, make the others forget them: SENTINEL RESET, one at a time"],
      }),
    );
  }
  return findings;
}

function checkQuorum({ topology, watching, primary, replicas }: Case): Finding[] {
  const failed = watching.filter(({ ckquorum_ok }) => ckquorum_ok === false);
  const content = watching.filter(({ ckquorum_ok }) => ckquorum_ok === true);
  const findings = failed.map((sentinel) =>
    finding({
      id: "ckquorum_failed",
      severity: "warning",
      subject: sentinel.id,
      message: `Sentinel ${sentinel.id} says that it cannot get a failover through: ${sentinel.ckquorum_message ?? "no reason given"}`,
      evidence: [`SENTINEL CKQUORUM: ${sentinel.ckquorum_message}`],
      next: [redisCli(sentinel, "SENTINEL", "SENTINELS", topology.master_name ?? "")],
    }),
  );
  const promotable = replicas.some((replica) => promotionObstacle(topology, replica, primary) === null);
  if (content.length > 0 && primary && !promotable) {
    findings.push(
      finding({
        id: "ckquorum_misleading",
        severity: "warning",
        subject: topology.deployment,
        message: `SENTINEL CKQUORUM says OK, yet a failover would end in NOGOODSLAVE: it counts Sentinels and does not look at replicas`,
        evidence: content.map(({ id, ckquorum_message }) => `${id}: ${ckquorum_message}`),
        next: ["see no_promotable_replica"],
      }),
    );
  }
  return findings;
}

/** Nothing to fail over to. Without any live replica the data has one copy, and then it is at risk. */
function noCandidate({ topology, primary, replicas }: Case): Finding[] {
  const others = topology.nodes.filter(({ id, role }) => id !== primary?.id && role !== "primary");
  if (!topology.nodes.some(({ reach }) => reach.ok) || others.length === 0) return [];
  const obstacles = others.map((node) => ({ node, why: promotionObstacle(topology, node, primary) }));
  if (obstacles.some(({ why }) => why === null)) return [];
  return [
    finding({
      id: "no_promotable_replica",
      severity: replicas.some(({ link_up }) => link_up === true) ? "warning" : "critical",
      subject: topology.deployment,
      message: `No replica could be promoted: ${obstacles.map(({ node, why }) => `${node.id} ${why}`).join("; ")}`,
      evidence: others.map(
        ({ id, link_up, priority, sync_in_progress }) =>
          `${id} link ${link_up === null ? "unknown" : link_up ? "up" : "down"}, priority ${priority}, sync ${sync_in_progress}`,
      ),
      next: ["bring one replica back and in sync before anything else is touched"],
    }),
  ];
}

function quorumSettings({ topology, watching }: Case): Finding[] {
  const found = authority(topology);
  const quorums = [...new Set(watching.map(({ quorum }) => quorum).filter((quorum) => quorum !== null))];
  const findings: Finding[] = [];
  const declared = topology.declared_quorum;
  if (quorums.length > 1 || (declared !== null && quorums.some((quorum) => quorum !== declared))) {
    findings.push(
      finding({
        id: "quorum_differs",
        severity: "warning",
        subject: topology.deployment,
        message: `The quorum is not the same everywhere: redisha.yaml says ${declared ?? "nothing"}, ${watching.map(({ id, quorum }) => `${id} says ${quorum}`).join(", ")}`,
        evidence: watching.map(({ id, quorum }) => `${id} quorum ${quorum}`),
        next: [`on each that differs: SENTINEL SET ${topology.master_name ?? "NAME"} quorum ${declared ?? "N"}`],
      }),
    );
  }
  if (found && found.quorum !== found.majority) {
    const impossible = found.quorum > found.voters;
    const effect = impossible
      ? "it can never be reached, so there is no failover"
      : found.quorum > found.majority
        ? "fewer Sentinels may be lost than with a majority"
        : `${count(found.quorum, "Sentinel")} may declare the primary down, though the failover itself still needs ${found.majority} votes`;
    findings.push(
      finding({
        id: "quorum_not_majority",
        severity: impossible ? "warning" : "info",
        subject: topology.deployment,
        message: `The quorum is ${found.quorum}, a majority of ${count(found.voters, "Sentinel")} is ${found.majority}: ${effect}`,
        evidence: [`quorum ${found.quorum}, voters ${found.voters}`],
        next: [`SENTINEL SET ${topology.master_name ?? "NAME"} quorum ${found.majority} on every Sentinel`],
      }),
    );
  }
  return findings;
}

function numbers({ topology }: Case): Finding[] {
  const all = topology.sentinels.filter(({ listed, known_by }) => listed || known_by.length > 0);
  if (all.length === 0 || all.length % 2 === 1) return [];
  return [
    finding({
      id: "sentinels_even",
      severity: "info",
      subject: topology.deployment,
      message: `${count(all.length, "Sentinel")}: an even number tolerates no more losses than ${all.length - 1} would`,
      evidence: [list(all.map(({ id }) => id))],
      next: ["add one on a host of its own, or take one away"],
    }),
  ];
}

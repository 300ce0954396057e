import { formatBytes } from "../../core/units.ts";
import { NOT_OBSERVED } from "../model/silent.ts";
import type { DataNode, Finding } from "../schema.ts";
import { count, few, follow, list, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";
import { linkCause } from "./link-cause.ts";

/** Every replica's link, sync and lag, and who follows whom. Holds for all three topologies. */
export function replicationFindings(facts: Case): Finding[] {
  const { replicas, topology } = facts;
  return [
    ...replicas.flatMap((replica) => linkFindings(replica, facts)),
    ...syncStorm(facts),
    ...replicas.flatMap((replica) => lagFindings(replica, facts)),
    ...replicas.flatMap((replica) => following(replica, facts)),
    ...replicas.filter(({ read_only }) => read_only === false).map(writable),
    ...topology.nodes.filter(({ reach }) => reach.code === NOT_OBSERVED).flatMap((node) => unlisted(node, facts)),
    ...noneLeft(facts),
    ...priorityZero(facts),
  ];
}

function linkFindings(replica: DataNode, { node, topology, primary: right }: Case): Finding[] {
  const primary = node(replica.primary_id);
  if (replica.sync_in_progress === true) {
    const left = replica.sync_left_bytes === null ? "" : `, ${formatBytes(replica.sync_left_bytes)} left`;
    return [
      finding({
        id: "sync_in_progress",
        severity: "warning",
        subject: replica.id,
        message: `${replica.id} takes a full sync from ${replica.primary_id ?? replica.primary_address}${left}: until it is done it cannot be promoted`,
        evidence: ["INFO master_sync_in_progress:1"],
        next: ["redisha status --watch"],
      }),
    ];
  }
  if (replica.link_up !== false) return [];
  const cause = linkCause(replica, primary, right);
  const never = replica.link_down_s === null;
  // Without a primary every link is down; that is said once, as no_primary or shard_primary_down.
  const implied = !never && primary?.reach.ok === false && topology.primary_id !== primary.id;
  const since = never ? "since it was started" : `for ${replica.link_down_s} s`;
  const findings = [
    finding({
      id: "link_down",
      severity: implied ? "info" : "warning",
      subject: replica.id,
      message: `${replica.id} has had no link to ${replica.primary_id ?? replica.primary_address} ${since}: ${cause.text}`,
      evidence: [`INFO master_link_status:down, ROLE ${replica.link_state ?? "not read"}`, ...cause.evidence],
      next: [...cause.next],
    }),
  ];
  if (never) {
    findings.push(
      finding({
        id: "never_synced",
        severity: "warning",
        subject: replica.id,
        message: `${replica.id} has not synced once since it was started: what it holds (${count(replica.keys ?? 0, "key")}) is old or nothing`,
        evidence: ["INFO master_link_down_since_seconds: never"],
        next: ["do not promote it"],
      }),
    );
  }
  return findings;
}

function syncStorm({ replicas }: Case): Finding[] {
  const syncing = Map.groupBy(
    replicas.filter(({ sync_in_progress }) => sync_in_progress === true),
    ({ primary_id, primary_address }) => primary_id ?? primary_address ?? "nobody",
  );
  return [...syncing]
    .filter(([, group]) => group.length > 1)
    .map(([primary, group]) =>
      finding({
        id: "sync_storm",
        severity: "warning",
        subject: primary,
        message: `${group.length} replicas take a full sync from ${primary} at once: ${list(group.map(({ id }) => id))}. That costs it memory and network, and none of them can be promoted`,
        evidence: group.map(({ id, sync_left_bytes }) => `${id} left ${sync_left_bytes}`),
        next: ["wait; if syncs start over and over, raise repl-backlog-size and client-output-buffer-limit replica"],
      }),
    );
}

function lagFindings(replica: DataNode, { thresholds, node }: Case): Finding[] {
  if (replica.link_up !== true) return [];
  const findings: Finding[] = [];
  const primary = node(replica.primary_id);
  const backlog = primary?.backlog_bytes ?? null;
  if (replica.lag !== null && replica.lag >= thresholds.lag_bytes) {
    const beyond =
      backlog !== null && replica.lag > backlog
        ? `. That is more than the backlog of ${formatBytes(backlog)}: were the link to break now, it would need a full sync`
        : "";
    findings.push(
      finding({
        id: "lag_bytes",
        severity: "warning",
        subject: replica.id,
        message: `${replica.id} is ${formatBytes(replica.lag)} behind ${replica.primary_id}${beyond}`,
        evidence: [`${replica.primary_id} offset ${primary?.offset}, ${replica.id} offset ${replica.offset}`],
        next: ["look at network and CPU of that replica, and at slow commands on it"],
      }),
    );
  }
  if (replica.lag_s !== null && replica.lag_s >= thresholds.lag_seconds) {
    findings.push(
      finding({
        id: "lag_seconds",
        severity: "warning",
        subject: replica.id,
        message: `${replica.primary_id} has not heard from ${replica.id} for ${replica.lag_s} s; replicas report every second`,
        evidence: [`${replica.primary_id} INFO slave line lag=${replica.lag_s}`],
        next: [`is it stuck? ${redisCli(replica, "--latency")}`],
      }),
    );
  }
  return findings;
}

function following(replica: DataNode, { topology, node, primary: right }: Case): Finding[] {
  const primary = node(replica.primary_id);
  if (primary?.role === "replica") {
    return [
      finding({
        id: "sub_replica",
        severity: topology.kind === "cluster" ? "warning" : "info",
        subject: replica.id,
        message: `${replica.id} follows ${primary.id}, itself a replica: Sentinel does not see it, and it depends on ${primary.id}`,
        evidence: [`${replica.id} follows ${replica.primary_address}`],
      }),
    ];
  }
  if (primary?.listed || (primary && primary.role === "primary")) return [];
  return [
    finding({
      id: "replica_of_nobody",
      severity: "warning",
      subject: replica.id,
      message: `${replica.id} follows ${replica.primary_address ?? "nobody"}, which is no instance of this deployment`,
      evidence: [`INFO master_host, master_port: ${replica.primary_address}`],
      next: [follow(replica, right)],
    }),
  ];
}

function writable(replica: DataNode): Finding {
  return finding({
    id: "replica_writable",
    severity: "warning",
    subject: replica.id,
    message: `${replica.id} is a replica that takes writes: they reach nobody else and are lost at its next full sync`,
    evidence: ["INFO slave_read_only:0"],
    next: [redisCli(replica, "CONFIG", "SET", "replica-read-only", "yes")],
  });
}

/** Attached or promotable without being declared: nothing here manages or checks it. */
function unlisted(node: DataNode, { topology }: Case): Finding[] {
  const followed = topology.nodes.filter((other) => other.attached.some(({ node_id }) => node_id === node.id));
  const others = node.known_by.filter((id) => !followed.some((other) => other.id === id));
  const attached = followed.length > 0;
  const too = others.length === 0 ? "" : `; ${few(others)} ${others.length === 1 ? "knows" : "know"} it as well`;
  return [
    finding({
      id: attached ? "unlisted_replica" : "unlisted_instance",
      severity: "warning",
      subject: node.id,
      message: attached
        ? `A replica at ${node.id} follows ${list(followed.map(({ id }) => id))}, but redisha.yaml does not list it${too}`
        : `${few(others) || "Others"} ${node.known_by.length === 1 ? "speaks" : "speak"} of an instance at ${node.id} that redisha.yaml does not list`,
      evidence: node.known_by.map((id) => `known to ${id}`),
      next: [
        "add it to redisha.yaml, or take it out of the deployment",
        "is it one that is listed under another address? Set replica-announce-ip there",
      ],
    }),
  ];
}

/** Sentinel and Cluster have findings of their own for this. */
function noneLeft({ topology, primary, replicas }: Case): Finding[] {
  const others = topology.nodes.filter(({ id }) => id !== primary?.id);
  if (topology.kind !== "replication" || !primary || others.length === 0) return [];
  if (replicas.some(({ link_up, sync_in_progress }) => link_up === true || sync_in_progress === true)) return [];
  return [
    finding({
      id: "no_live_replica",
      severity: "critical",
      subject: topology.deployment,
      message: `Only ${primary.id} holds the current data: no replica is up with a working link`,
      evidence: others.map(
        ({ id, up, link_up }) =>
          `${id} ${up ? "answers" : "does not answer"}, link ${link_up === true ? "up" : "down"}`,
      ),
      next: ["bring one replica back and in sync before anything else is touched"],
    }),
  ];
}

function priorityZero({ topology, replicas }: Case): Finding[] {
  if (topology.kind !== "sentinel" || replicas.length === 0) return [];
  if (!replicas.every(({ priority }) => priority === 0)) return [];
  return [
    finding({
      id: "replica_priority_zero_all",
      severity: "warning",
      subject: topology.deployment,
      message: `replica-priority is 0 on every replica (${list(replicas.map(({ id }) => id))}): Sentinel will promote none of them`,
      evidence: replicas.map(({ id }) => `${id} replica-priority 0`),
      next: replicas.slice(0, 1).map((replica) => redisCli(replica, "CONFIG", "SET", "replica-priority", "100")),
    }),
  ];
}

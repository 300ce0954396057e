import { countSlots, joinRanges, missingRanges, printRanges, SLOTS } from "../parse/slots.ts";
import { promotionObstacle } from "../promotable.ts";
import type { DataNode, Finding, Shard } from "../schema.ts";
import { count, few, list, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Slots, shards and what the nodes of a cluster think of each other. */
export function clusterFindings(facts: Case): Finding[] {
  if (facts.topology.kind !== "cluster") return [];
  return [
    ...uncovered(facts),
    ...shardPrimaryDown(facts),
    ...stateFail(facts),
    ...openSlots(facts),
    ...disagree(facts),
    ...failing(facts),
    ...shardRedundancy(facts),
    ...majorityAtRisk(facts),
    ...orphans(facts),
    ...ghosts(facts),
  ];
}

function members({ topology }: Case): { node: DataNode; cluster: NonNullable<DataNode["cluster"]> }[] {
  return topology.nodes.flatMap((node) => (node.up && node.cluster ? [{ node, cluster: node.cluster }] : []));
}

/** Slots that nobody owns, and those whose owner is dead without an heir. */
function uncovered(facts: Case): Finding[] {
  const { topology } = facts;
  if (members(facts).length === 0) return [];
  const unowned = missingRanges(topology.shards.flatMap(({ slots }) => slots));
  const dead = topology.shards.filter((shard) => isDown(shard, facts) && heirs(shard, facts).length === 0);
  const missing = joinRanges([...unowned, ...dead.flatMap(({ slots }) => slots)]);
  if (missing.length === 0) return [];
  const slots = countSlots(missing);
  const owners = dead.map(
    ({ primary_id, slots: owned }) => `${printRanges(owned)} of ${primary_id ?? "nobody"}, which is down`,
  );
  const why = [...(unowned.length > 0 ? [`${printRanges(unowned)} belong to no node`] : []), ...owners];
  const partial = members(facts).some(({ cluster }) => cluster.full_coverage_required === false);
  return [
    finding({
      id: "slots_uncovered",
      severity: "critical",
      subject: topology.deployment,
      message: `${slots} of ${SLOTS} slots ${slots === 1 ? "is" : "are"} served by nobody: ${why.join("; ")}. ${partial ? "Keys in them cannot be reached" : "Unless cluster-require-full-coverage is no, the whole cluster refuses commands"}`,
      evidence: topology.shards.map(({ id, primary_id, slots: owned }) => `${primary_id ?? id}: ${printRanges(owned)}`),
      next: [
        ...dead.map(
          ({ primary_id, replica_ids }) =>
            `start ${[primary_id, ...replica_ids].filter((id) => id !== null).join(" or ")}`,
        ),
        ...(unowned.length > 0
          ? [
              "was a node removed with its slots? Bring it back",
              "only if its data is gone for good: CLUSTER ADDSLOTSRANGE on a primary",
            ]
          : []),
      ],
    }),
  ];
}

/** Its primary did not answer us, and somebody else misses it too: else only we cannot reach it. */
function isDown(shard: Shard, facts: Case): boolean {
  const primary = facts.node(shard.primary_id);
  if (!primary || primary.up) return false;
  return members(facts).some(
    ({ cluster }) => cluster.failing.includes(primary.id) || cluster.links_down.includes(primary.id),
  );
}

function heirs(shard: Shard, { topology, node }: Case): string[] {
  return shard.replica_ids.filter((id) => {
    const replica = node(id);
    return replica !== undefined && promotionObstacle(topology, replica, node(shard.primary_id)) === null;
  });
}

function stateFail(facts: Case): Finding[] {
  // One that belongs to no cluster says so, too, and clients do not ask it.
  const asked = members(facts).filter(({ cluster }) => cluster.known_nodes !== 1 || cluster.slots_count > 0);
  const failed = asked.filter(({ cluster }) => cluster.state !== "ok" && cluster.state !== "unknown");
  if (failed.length === 0) return [];
  const all = failed.length === asked.length;
  return [
    finding({
      id: "cluster_state_fail",
      severity: "critical",
      subject: facts.topology.deployment,
      message: `${all ? "Every node" : few(failed.map(({ node }) => node.id))} says cluster_state:${failed[0]?.cluster.state} and refuses commands with CLUSTERDOWN`,
      evidence: failed.map(({ node, cluster }) => `${node.id} cluster_state:${cluster.state}`),
      next: ["see slots_uncovered and shard_primary_down, which are its causes"],
    }),
  ];
}

function shardPrimaryDown(facts: Case): Finding[] {
  return facts.topology.shards.flatMap((shard) => {
    const primary = facts.node(shard.primary_id);
    if (!primary || !isDown(shard, facts)) return [];
    const next = heirs(shard, facts);
    const suspecting = members(facts).filter(({ cluster }) => cluster.failing.includes(primary.id));
    return [
      finding({
        id: "shard_primary_down",
        severity: "critical",
        subject: primary.id,
        message: `${primary.id} is down and owns slots ${printRanges(shard.slots)}: ${next.length === 0 ? "no replica could take its place, so they stay unreachable" : `${list(next)} can take its place after cluster-node-timeout and a vote`}`,
        evidence: suspecting.map(
          ({ node: { id }, cluster }) => `${id} marks it ${cluster.failed.includes(primary.id) ? "fail" : "fail?"}`,
        ),
        next:
          next.length === 0
            ? [`start ${primary.id} again`]
            : ["redisha status --watch", ...takeOver(facts.node(next[0] ?? null))],
      }),
    ];
  });
}

function takeOver(heir: DataNode | undefined): string[] {
  return heir ? [`if no vote comes through: ${redisCli(heir, "CLUSTER", "FAILOVER", "FORCE")}`] : [];
}

/** Both ends of every open slot, as far as they answered. */
function openSlots(facts: Case): Finding[] {
  const names = new Map(members(facts).map(({ node, cluster }) => [cluster.node_id, node.id]));
  const name = (id: string) => names.get(id) ?? id.slice(0, 8);
  const open = new Map<number, string[]>();
  for (const { node, cluster } of members(facts)) {
    for (const { slot, node_id } of cluster.migrating) note(slot, `${node.id} migrates it to ${name(node_id)}`);
    for (const { slot, node_id } of cluster.importing) note(slot, `${node.id} imports it from ${name(node_id)}`);
  }
  if (open.size === 0) return [];
  const slots = [...open.keys()].sort((a, b) => a - b);
  const first = slots.slice(0, 3).map((slot) => `${slot} (${open.get(slot)?.join(", ")})`);
  const halfOpen = slots.filter((slot) => open.get(slot)?.length === 1);
  return [
    finding({
      id: "slots_open",
      severity: "warning",
      subject: facts.topology.deployment,
      message: `${count(slots.length, "slot")} ${slots.length === 1 ? "is" : "are"} open: ${first.join("; ")}${slots.length > 3 ? `; and ${slots.length - 3} more` : ""}. A move is under way or was broken off${halfOpen.length > 0 ? `; ${few(halfOpen.map(String))} at one end only` : ""}`,
      evidence: slots.map((slot) => `slot ${slot}: ${open.get(slot)?.join(", ")}`),
      next: [
        "is a reshard running? Then wait for it",
        "broken off? Never let `redis-cli --cluster fix` pick an owner",
        "redisha runs resume, or without a run: redisha cluster fix --dry-run",
      ],
    }),
  ];

  function note(slot: number, words: string): void {
    open.set(slot, [...(open.get(slot) ?? []), words]);
  }
}

function disagree(facts: Case): Finding[] {
  const groups = Map.groupBy(members(facts), ({ cluster }) => cluster.signature ?? "");
  groups.delete("");
  if (groups.size < 2) return [];
  const sides = [...groups.values()].sort((a, b) => b.length - a.length);
  return [
    finding({
      id: "nodes_disagree",
      severity: "critical",
      subject: facts.topology.deployment,
      message: `Nodes disagree on who owns which slots: ${sides.map((side) => few(side.map(({ node }) => node.id))).join(" against ")}. Clients are sent back and forth`,
      evidence: members(facts).map(
        ({ node, cluster }) => `${node.id} epoch ${cluster.epoch}, knows ${cluster.known_nodes} nodes`,
      ),
      next: [
        "after a move or a failover views meet within seconds: look again",
        ...firstCommand(sides.at(-1), "CLUSTER", "NODES"),
      ],
    }),
  ];
}

function firstCommand(side: readonly { node: DataNode }[] | undefined, ...words: string[]): string[] {
  const node = side?.[0]?.node;
  return node ? [redisCli(node, ...words)] : [];
}

/** Nodes that answer us but not each other: a partition of the cluster bus (port + 10000), or one that just came back. */
function failing(facts: Case): Finding[] {
  return facts.topology.nodes
    .filter((node) => node.up && node.listed)
    .flatMap((node) => {
      const by = members(facts).filter(
        ({ cluster }) => cluster.failing.includes(node.id) || cluster.links_down.includes(node.id),
      );
      if (by.length === 0) return [];
      const marked = by.filter(({ cluster }) => cluster.failing.includes(node.id));
      return [
        finding({
          id: "failing_by_some",
          severity: "warning",
          subject: node.id,
          message: `${node.id} answers us, but ${few(by.map(({ node: { id } }) => id))} ${marked.length > 0 ? "hold it to be failing" : "have no bus connection to it"}`,
          evidence: by.map(
            ({ node: { id }, cluster }) =>
              `${id}: ${cluster.failed.includes(node.id) ? "fail" : cluster.failing.includes(node.id) ? "fail?" : "link disconnected"}`,
          ),
          next: [`open the cluster bus between them: port ${node.port + 10_000} unless cluster-port says otherwise`],
        }),
      ];
    });
}

function shardRedundancy({ topology, node }: Case): Finding[] {
  // A primary that died and was replaced belongs to no shard any more; started again, it follows its successor.
  const placed = new Set(topology.shards.flatMap(({ primary_id, replica_ids }) => [primary_id, ...replica_ids]));
  const dropped = topology.nodes.filter(({ id, up, listed }) => listed && !up && !placed.has(id)).map(({ id }) => id);
  const startable = (shard: Shard) => (shard.replica_ids.length > 0 ? shard.replica_ids : dropped);
  const bare = topology.shards.filter(({ replica_ids }) => !replica_ids.some((id) => node(id)?.up));
  const expected = topology.shards.some(({ replica_ids }) => replica_ids.length > 0);
  return bare.map((shard) =>
    finding({
      id: "shard_without_replica",
      severity: expected ? "warning" : "info",
      subject: shard.primary_id ?? shard.id,
      message: `${shard.primary_id ?? "The shard"} (slots ${printRanges(shard.slots)}) has no live replica: its data has one copy and nobody to take its place`,
      evidence: shard.replica_ids.map((id) => `${id} does not answer`),
      next: startable(shard).length > 0 ? [`start ${list(startable(shard))}`] : ["add a replica to it"],
    }),
  );
}

/** Half of the primaries on one host: without it nobody may vote, and no replica anywhere is promoted. */
function majorityAtRisk({ topology, node }: Case): Finding[] {
  const primaries = topology.shards.map(({ primary_id }) => node(primary_id)).filter((primary) => primary?.up === true);
  const majority = Math.floor(topology.shards.length / 2) + 1;
  return [...Map.groupBy(primaries, (primary) => primary?.host ?? "")]
    .filter(([, group]) => group.length > 1 && primaries.length - group.length < majority)
    .map(([host, group]) =>
      finding({
        id: "cluster_majority_at_risk",
        severity: "warning",
        subject: host,
        message: `${count(group.length, "primary", "primaries")} of ${topology.shards.length} are on ${host}: without it the rest is below the majority of ${majority} and promotes nobody`,
        evidence: [list(group.map((primary) => primary?.id ?? ""))],
        next: ["spread primaries: CLUSTER FAILOVER on a replica that is on another host"],
      }),
    );
}

/** A primary without slots serves nothing: new and still empty, emptied by a reshard, or a node that lost its place. */
function orphans(facts: Case): Finding[] {
  return members(facts)
    .filter(({ node, cluster }) => node.role === "primary" && cluster.slots_count === 0)
    .map(({ node, cluster }) => {
      const alone = (cluster.known_nodes ?? 1) <= 1;
      return finding({
        id: "orphan_primary",
        severity: alone ? "warning" : "info",
        subject: node.id,
        message: alone
          ? `${node.id} knows no other node: it is not part of this cluster`
          : `${node.id} is a primary without slots: it serves nothing`,
        evidence: [`cluster_known_nodes ${cluster.known_nodes}, ${count(node.keys ?? 0, "key")}`],
        next: alone
          ? [`redisha cluster add-node ${node.id} --dry-run`, "or take it out of redisha.yaml"]
          : ["redisha rebalance --use-empty --dry-run", "or make it a replica: CLUSTER REPLICATE"],
      });
    });
}

/** Remembered by the cluster, in nobody's list, and failing: each FORGET must reach every node within 60 s. */
function ghosts(facts: Case): Finding[] {
  return facts.topology.nodes
    .filter((node) => !node.listed && !node.up && node.cluster !== null && node.cluster.slots_count === 0)
    .filter((node) => members(facts).some(({ cluster }) => cluster.failed.includes(node.id)))
    .map((node) =>
      finding({
        id: "stale_cluster_node",
        severity: "warning",
        subject: node.id,
        message: `The cluster still remembers ${node.id}, which is gone and owns nothing`,
        evidence: [`node id ${node.cluster?.node_id}`],
        next: [`redisha cluster forget ${node.cluster?.node_id}`],
      }),
    );
}

import { lacksReplicas } from "../model/data-node.ts";
import { isVouchedFor } from "../model/primary-views.ts";
import { isGone } from "../parse/sentinel-map.ts";
import type { DataNode, Finding, PrimaryView } from "../schema.ts";
import { count, few, follow, list, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Who the primary is, and whether all views say the same. Clusters have rules of their own. */
export function primaryFindings(facts: Case): Finding[] {
  if (facts.topology.kind === "cluster") return [];
  return [...noPrimary(facts), ...unobserved(facts), ...twoPrimaries(facts), ...disagreeing(facts), ...moved(facts)];
}

function noPrimary({ topology, replicas, watching, node }: Case): Finding[] {
  if (topology.primary_id !== null) return [];
  // Where no server let us in, only Sentinels know: it may be our way to them that is closed.
  const lost = watching.length > 0 && watching.every(({ flags }) => isGone(flags));
  if (!lost && !topology.nodes.some(({ reach }) => reach.ok)) return [];
  const named = [...new Set(watching.map(({ primary_id }) => primary_id).filter((id) => id !== null))];
  const followed = replicas.map(({ primary_id }) => node(primary_id)).find((other) => other !== undefined && !other.up);
  const suspect = named[0] ?? topology.nodes.find(({ role, up }) => role === "primary" && !up)?.id ?? followed?.id;
  const why =
    suspect === undefined
      ? "no instance answers as one"
      : node(suspect)?.role === "replica"
        ? `Sentinel names ${suspect}, which is a replica`
        : node(suspect)?.loading
          ? `${suspect} is still loading its data`
          : `${suspect} was it and does not answer`;
  const waits = topology.kind === "sentinel" && watching.length > 0 && topology.nodes.some(({ up }) => up);
  const first = replicas[0];
  return [
    finding({
      id: "no_primary",
      severity: "critical",
      subject: topology.deployment,
      message: `There is no primary, so nothing can be written: ${why}`,
      evidence: [
        ...replicas.map(
          ({ id, primary_address, link_up }) => `${id} follows ${primary_address}, link ${link_up ? "up" : "down"}`,
        ),
        ...watching.map(({ id, primary_address, flags }) =>
          `Sentinel ${id} names ${primary_address} ${flags.join(",")}`.trim(),
        ),
      ],
      next: [
        waits
          ? "wait for down-after and the failover, then look again: redisha status --watch"
          : suspect === undefined
            ? "start the instance that was primary"
            : `start ${suspect}`,
        ...(waits || !first
          ? []
          : [`or promote the replica with most data: ${redisCli(first, "REPLICAOF", "NO", "ONE")}`]),
      ],
    }),
  ];
}

/** Replicas still hear from a primary that did not answer us: a matter of our way to it, or it hangs since seconds. */
function unobserved({ topology, primary }: Case): Finding[] {
  if (!primary || !isVouchedFor(primary, topology.nodes, topology.sentinels)) return [];
  const followers = topology.nodes.filter(({ primary_id, link_up }) => primary_id === primary.id && link_up === true);
  return [
    finding({
      id: "primary_not_observed",
      severity: "warning",
      subject: primary.id,
      message: `${primary.id} did not answer here, but ${list(followers.map(({ id }) => id))} still ${followers.length === 1 ? "hears" : "hear"} from it as primary`,
      evidence: followers.map(({ id, last_io_s }) => `${id} master_link_status:up, last heard ${last_io_s} s ago`),
      next: [
        "check the way from here to it (firewall, SSH, password); if it hangs, its replicas will notice within repl-timeout",
      ],
    }),
  ];
}

function twoPrimaries(facts: Case): Finding[] {
  const { topology, watching } = facts;
  const primaries = topology.nodes.filter(({ reach, role }) => reach.ok && role === "primary");
  if (primaries.length < 2) return [];
  const namedBy = (id: string) => watching.filter(({ primary_id }) => primary_id === id).map((sentinel) => sentinel.id);
  const kept = primaries.find((node) => node.id === topology.primary_id && isBacked(node, primaries, facts));
  const rest = primaries.filter((node) => node !== kept);
  const words = primaries.map(({ id, connected_replicas }) => {
    const by = namedBy(id);
    const sentinels = watching.length === 0 ? "" : by.length === 0 ? ", named by no Sentinel" : `, named by ${few(by)}`;
    return `${id} (${count(connected_replicas ?? 0, "replica")}${sentinels})`;
  });
  const lost = `What is written to ${kept ? list(rest.map(({ id }) => id)) : "all but one"} will be lost when it is made a replica`;
  const returned = kept !== undefined && rest.every((stale) => justReturned(stale, kept, facts));
  return [
    finding({
      id: "two_primaries",
      severity: "critical",
      subject: topology.deployment,
      message: returned
        ? `${primaries.length} primaries take writes, but ${list(rest.map(({ id, uptime_s }) => `${id} came back only ${uptime_s} s ago`))} and all Sentinels name ${kept.id}: they make ${rest.length === 1 ? "it a replica" : "the others replicas"} within about 10 to 15 s. ${lost}`
        : `${primaries.length} primaries take writes: ${list(words)}. ${lost}`,
      evidence: primaries.map(
        ({ id, replid, offset, keys, uptime_s }) =>
          `${id} INFO role:master, replid ${replid}, offset ${offset}, ${count(keys ?? 0, "key")}, up for ${uptime_s} s`,
      ),
      next: returned
        ? [
            "wait 15 s and look again: redisha status",
            ...rest.map((stale) => `only if it is still a primary then: ${follow(stale, kept)}`),
          ]
        : settle(primaries, kept),
    }),
  ];
}

/** Sentinels or replicas speak for it. Where nothing does, to say which one loses its data is not for us. */
function isBacked(chosen: DataNode, primaries: readonly DataNode[], { watching }: Case): boolean {
  const followers = ({ connected_replicas }: DataNode) => connected_replicas ?? 0;
  return (
    watching.some(({ primary_id }) => primary_id === chosen.id) ||
    primaries.every((other) => other === chosen || followers(other) < followers(chosen))
  );
}

/**
 * An old primary that was started again while every Sentinel names another: they send it REPLICAOF once it has called
 * itself a primary for 8 s (four times their publishing period) and an INFO of it, asked for every 10 s, says so.
 */
const RETURNED_S = 30;
const TOGETHER_S = 3;

function justReturned(stale: DataNode, kept: DataNode, { watching }: Case): boolean {
  const agreed = watching.length > 0 && watching.every(({ primary_id }) => primary_id === kept.id);
  if (!agreed || stale.uptime_s === null || stale.uptime_s >= RETURNED_S) return false;
  // Started together, nothing came back: one of them was promoted by hand.
  return kept.uptime_s === null || kept.uptime_s >= stale.uptime_s + TOGETHER_S;
}

/** REPLICAOF ends it; a fence only wins time to save what would be lost, and has to be taken back afterwards. */
function settle(primaries: readonly DataNode[], kept: DataNode | undefined): string[] {
  if (!kept) {
    return [
      "decide which of them is kept: the one with most replicas and the newest data",
      ...primaries.flatMap((keep) =>
        primaries.filter((other) => other !== keep).map((other) => `to keep ${keep.id}: ${follow(other, keep)}`),
      ),
    ];
  }
  const stale = primaries.filter((node) => node !== kept);
  return [
    ...stale.map((node) => `let it follow ${kept.id}, which drops what only it holds: ${follow(node, kept)}`),
    ...stale.filter((node) => !lacksReplicas(node)).flatMap((node) => fence(node, kept)),
  ];
}

/** Left behind, it would block writes as soon as this one is primary again: Sentinel's CONFIG REWRITE keeps it. */
function fence(node: DataNode, kept: DataNode): string[] {
  const config = (...words: string[]) => redisCli(node, "CONFIG", ...words);
  const before = node.min_replicas_to_write === null ? "<value before>" : String(node.min_replicas_to_write);
  return [
    `or, to save that first, stop writes there: ${config("SET", "min-replicas-to-write", "1000")}`,
    `and take that back as soon as it follows ${kept.id}: ${config("SET", "min-replicas-to-write", before)}`,
    `and out of its configuration file: ${config("REWRITE")}`,
  ];
}

/** A view that names another primary than the chosen one sends clients, or data, to the wrong place. */
function disagreeing({ topology, watching, node }: Case): Finding[] {
  const named = new Map<string, string[]>();
  for (const sentinel of watching) {
    const name = sentinel.primary_id ?? sentinel.primary_address ?? "nobody";
    named.set(name, [...(named.get(name) ?? []), sentinel.id]);
  }
  const findings: Finding[] = [];
  if (named.size > 1) {
    const sides = [...named].map(([name, by]) => `${list(by)} ${by.length === 1 ? "names" : "name"} ${name}`);
    findings.push(
      finding({
        id: "sentinels_disagree",
        severity: "critical",
        subject: topology.deployment,
        message: `Sentinels disagree on the primary: ${sides.join("; ")}. Clients end up where their Sentinel sends them`,
        evidence: watching.map(({ id, config_epoch }) => `${id} config-epoch ${config_epoch}`),
        next: [
          "look again in a few seconds: the newer config-epoch wins once they hear each other",
          ...watching
            .slice(0, 1)
            .map((sentinel) => redisCli(sentinel, "SENTINEL", "MASTER", topology.master_name ?? "")),
        ],
      }),
    );
  }
  const wrong = topology.views.filter(
    (view) => names(view) && view.primary_id !== topology.primary_id && !isFollower(view),
  );
  if (topology.primary_id !== null && wrong.length > 0) {
    const clients = wrong.some(
      ({ source, primary_id }) => source.startsWith("sentinel ") && node(primary_id)?.role !== "unknown",
    );
    findings.push(
      finding({
        id: "views_disagree",
        severity: clients ? "critical" : "warning",
        subject: topology.deployment,
        message: `${topology.primary_id} is the primary, but ${wrong.map(({ source, primary_id, address }) => `${source} says ${primary_id ?? address ?? "nobody"}`).join(", ")}`,
        evidence: topology.views.map(({ source, address }) => `${source}: ${address}`),
        next: ["redisha status --sentinels-view"],
      }),
    );
  }
  return findings;

  /** A replica may follow another replica; that is a finding of its own. */
  function isFollower({ source, primary_id }: PrimaryView): boolean {
    return source.startsWith("replica ") && node(primary_id)?.role === "replica";
  }
}

/** redisha.yaml only says where it began, and two that answer as primary are a finding of their own. */
function names({ source }: PrimaryView): boolean {
  return source !== "configured" && source !== "info";
}

function moved({ topology, primary }: Case): Finding[] {
  const first = topology.nodes.find(({ initial_primary }) => initial_primary);
  if (!primary || !first || first.id === primary.id) return [];
  return [
    finding({
      id: "primary_moved",
      severity: "info",
      subject: primary.id,
      message: `${primary.id} is primary; redisha.yaml declares that it began on ${first.id}. After a failover that is normal`,
    }),
  ];
}

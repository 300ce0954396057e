import { isVouchedFor } from "../model/primary-views.ts";
import type { Finding, PrimaryView } from "../schema.ts";
import { count, few, list, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Who the primary is, and whether all views say the same. Clusters have rules of their own. */
export function primaryFindings(facts: Case): Finding[] {
  if (facts.topology.kind === "cluster") return [];
  return [...noPrimary(facts), ...unobserved(facts), ...twoPrimaries(facts), ...disagreeing(facts), ...moved(facts)];
}

function noPrimary({ topology, replicas, watching, node }: Case): Finding[] {
  if (topology.primary_id !== null || !topology.nodes.some(({ reach }) => reach.ok)) return [];
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
  const waits = topology.kind === "sentinel" && watching.length > 0;
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
          : "start the instance that was primary",
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

function twoPrimaries({ topology, watching }: Case): Finding[] {
  const primaries = topology.nodes.filter(({ reach, role }) => reach.ok && role === "primary");
  if (primaries.length < 2) return [];
  const namedBy = (id: string) => watching.filter(({ primary_id }) => primary_id === id).map((sentinel) => sentinel.id);
  const kept = topology.primary_id;
  const rest = primaries.filter(({ id }) => id !== kept);
  const words = primaries.map(({ id, connected_replicas }) => {
    const by = namedBy(id);
    const sentinels = watching.length === 0 ? "" : by.length === 0 ? ", named by no Sentinel" : `, named by ${few(by)}`;
    return `${id} (${count(connected_replicas ?? 0, "replica")}${sentinels})`;
  });
  return [
    finding({
      id: "two_primaries",
      severity: "critical",
      subject: topology.deployment,
      message: `${primaries.length} primaries take writes: ${list(words)}. What is written to ${kept === null ? "all but one" : list(rest.map(({ id }) => id))} will be lost when it is made a replica`,
      evidence: primaries.map(
        ({ id, replid, offset, keys }) =>
          `${id} INFO role:master, replid ${replid}, offset ${offset}, ${count(keys ?? 0, "key")}`,
      ),
      next: rest.flatMap((node) => [
        `stop writes there: ${redisCli(node, "CONFIG", "SET", "min-replicas-to-write", "1000")}`,
        "save what only it holds, then make it a replica of the other",
      ]),
    }),
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

import { isGone } from "../parse/sentinel-map.ts";
import type { Finding, SentinelNode } from "../schema.ts";
import { few, list, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** What Sentinels watch, what they hold to be down, and what they remember that is gone. */
export function sentinelSightFindings(facts: Case): Finding[] {
  if (facts.topology.kind !== "sentinel") return [];
  return [
    ...notWatching(facts),
    ...primaryDown(facts),
    ...failoverInProgress(facts),
    ...tilt(facts),
    ...staleReplicas(facts),
    ...stalePeers(facts),
    ...unknownReplicas(facts),
  ];
}

function notWatching({ topology, watching }: Case): Finding[] {
  const answering = topology.sentinels.filter(({ up }) => up);
  const blind = answering.filter((sentinel) => !sentinel.watching);
  const name = topology.master_name ?? "the group";
  if (answering.length > 0 && watching.length === 0) {
    const seen = [...new Set(answering.flatMap(({ watches }) => watches))];
    return [
      finding({
        id: "not_watched_master_name",
        severity: "warning",
        subject: topology.deployment,
        message: `No Sentinel watches ${name}, so there is no failover; they watch ${seen.length === 0 ? "nothing" : list(seen)}`,
        evidence: answering.map(
          ({ id, watches }) => `${id} watches ${watches.length === 0 ? "nothing" : list(watches)}`,
        ),
        next: ["correct `master_name` in redisha.yaml", "or add `sentinel monitor` for it on every Sentinel"],
      }),
    ];
  }
  return blind.map((sentinel) =>
    finding({
      id: "sentinel_not_watching",
      severity: "warning",
      subject: sentinel.id,
      message: `Sentinel ${sentinel.id} does not watch ${name}: it has no vote here`,
      evidence: [`watches ${sentinel.watches.length === 0 ? "nothing" : list(sentinel.watches)}`],
      next: [redisCli(sentinel, "SENTINEL", "MASTERS")],
    }),
  );
}

function primaryDown({ topology, watching, node }: Case): Finding[] {
  const agreed = watching.filter(({ flags }) => flags.includes("o_down"));
  const alone = watching.filter(({ flags }) => flags.includes("s_down"));
  if (alone.length + agreed.length === 0) return [];
  const sentinels = agreed.length > 0 ? agreed : alone;
  const name = sentinels[0]?.primary_id ?? sentinels[0]?.primary_address ?? "the primary";
  const answers = node(sentinels[0]?.primary_id ?? null)?.up === true;
  const verb = agreed.length > 0 ? "agreed that" : sentinels.length === 1 ? "holds" : "hold";
  const state = agreed.length > 0 ? `${name} is down (o_down)` : `${name} to be down (s_down)`;
  return [
    finding({
      id: agreed.length > 0 ? "primary_odown" : "primary_sdown",
      severity: agreed.length > 0 ? "critical" : "warning",
      subject: name,
      message: `${list(sentinels.map(({ id }) => id))} ${verb} ${state}${answers ? ", although it answers us" : ""}`,
      evidence: watching.map(({ id, flags, quorum }) => `${id} flags ${flags.join(",") || "none"}, quorum ${quorum}`),
      next: answers
        ? [`check the way from these Sentinels to ${name}: address, firewall, auth-pass, TLS`]
        : [`watch the failover: redisha status --watch (${topology.master_name ?? "no master_name"})`],
    }),
  ];
}

function failoverInProgress({ topology, watching }: Case): Finding[] {
  const leading = watching.filter(({ flags }) => flags.includes("failover_in_progress"));
  const handing = topology.nodes.filter(({ failover_state: state }) => state !== null && state !== "no-failover");
  if (leading.length + handing.length === 0) return [];
  return [
    finding({
      id: "failover_in_progress",
      severity: "warning",
      subject: topology.deployment,
      message: `A failover is under way, led by ${list([...leading, ...handing].map(({ id }) => id))}`,
      evidence: [
        ...leading.map(({ id, flags }) => `${id} flags ${flags.join(",")}`),
        ...handing.map(({ id, failover_state }) => `${id} master_failover_state:${failover_state}`),
      ],
      next: ["redisha status --watch"],
    }),
  ];
}

function tilt({ watching }: Case): Finding[] {
  return watching
    .filter((sentinel) => sentinel.tilt === true)
    .map((sentinel) =>
      finding({
        id: "sentinel_tilt",
        severity: "warning",
        subject: sentinel.id,
        message: `Sentinel ${sentinel.id} is in TILT: its clock jumped or it was stalled, and it acts on nothing for 30 s`,
        evidence: ["INFO sentinel_tilt:1"],
        next: ["check time synchronisation and load on that host"],
      }),
    );
}

function staleReplicas({ watching }: Case): Finding[] {
  const stale = gather(watching, ({ known_replicas }) =>
    known_replicas.filter(({ node_id, flags }) => node_id === null && isGone(flags)),
  );
  return stale.map(({ address, by, flags }) =>
    finding({
      id: "stale_replica_known",
      severity: "warning",
      subject: address,
      message: `Sentinel still remembers a replica at ${address} that is gone. Should another server ever take that address, Sentinel would make it a replica and its data would be wiped`,
      evidence: by.map((id) => `${id} lists it with ${flags.join(",")}`),
      next: [
        "if it is gone for good: SENTINEL RESET, one Sentinel at a time, 30 s apart, and only while the primary is up",
      ],
    }),
  );
}

function stalePeers({ watching }: Case): Finding[] {
  const stale = gather(watching, ({ known_sentinels }) =>
    known_sentinels.filter(({ sentinel_id, flags }) => sentinel_id === null && isGone(flags)),
  );
  return stale.map(({ address, by, flags }) =>
    finding({
      id: "stale_sentinel_peer",
      severity: "warning",
      subject: address,
      message: `${few(by)} still ${by.length === 1 ? "counts" : "count"} a Sentinel at ${address} that is gone: it makes the majority harder to reach`,
      evidence: by.map((id) => `${id} lists it with ${flags.join(",")}`),
      next: ["SENTINEL RESET, one Sentinel at a time, 30 s apart, and only while the primary is up"],
    }),
  );
}

/** What is attached to the primary but is not in a Sentinel's list is neither promoted nor re-pointed by it. */
function unknownReplicas({ watching, primary, replicas }: Case): Finding[] {
  if (!primary) return [];
  return replicas
    .filter(({ primary_id, link_up }) => primary_id === primary.id && link_up === true)
    .flatMap((replica) => {
      const blind = watching.filter(
        ({ known_replicas, primary_id }) =>
          primary_id === primary.id && !known_replicas.some(({ node_id }) => node_id === replica.id),
      );
      if (blind.length === 0) return [];
      return [
        finding({
          id: "replica_unknown_to_sentinel",
          severity: "warning",
          subject: replica.id,
          message: `${replica.id} follows ${primary.id}, but ${few(blind.map(({ id }) => id))} ${blind.length === 1 ? "does" : "do"} not know it`,
          evidence: blind.map(({ id, known_replicas }) => `${id} knows ${known_replicas.length} replicas`),
          next: [
            "Sentinel learns replicas from the primary every 10 s: look again",
            "if it stays: replica-announced no, or an address it cannot use (replica-announce-ip)",
          ],
        }),
      ];
    });
}

function gather(
  watching: readonly SentinelNode[],
  entries: (sentinel: SentinelNode) => readonly { readonly address: string; readonly flags: readonly string[] }[],
): { address: string; by: string[]; flags: readonly string[] }[] {
  const found = new Map<string, { address: string; by: string[]; flags: readonly string[] }>();
  for (const sentinel of watching) {
    for (const { address, flags } of entries(sentinel)) {
      const entry = found.get(address) ?? { address, by: [], flags };
      entry.by.push(sentinel.id);
      found.set(address, entry);
    }
  }
  return [...found.values()];
}

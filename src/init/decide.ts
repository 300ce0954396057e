import type { InstanceFacts } from "./facts.ts";
import { refusal } from "./refusal.ts";

/** What is declared of a deployment that deciding needs. */
export interface Declared {
  readonly deployment: string;
  readonly kind: "replication" | "sentinel" | "cluster";
  readonly group: string | undefined;
  readonly instances: readonly DeclaredInstance[];
}

export interface DeclaredInstance {
  readonly id: string;
  readonly kind: "data" | "sentinel";
  /** `address:port`, as others name it. */
  readonly address: string;
  readonly initialPrimary: boolean;
}

/** Who leads. Null in a Cluster, where the slots say it. */
export interface Decision {
  readonly primary: string | null;
  readonly why: string;
}

/**
 * Finds the primary that everything is set up around, from what lives and from what files say. Never by the declaration
 * where something else is known: a deployment that has failed over keeps its roles. Fails with INIT_… (exit 4) where to go
 * on would take data or make an outage permanent.
 */
export function decide(declared: Declared, facts: readonly InstanceFacts[]): Decision {
  refuseForeign(declared, facts);
  if (declared.kind === "cluster") {
    refuseStoppedCluster(facts);
    return { primary: null, why: "a Cluster settles it by its slots" };
  }
  const decision = findPrimary(declared, facts);
  refuseStaleSentinels(declared, facts, decision.primary);
  refuseWiping(declared, facts, decision.primary);
  return decision;
}

function findPrimary(declared: Declared, facts: readonly InstanceFacts[]): Decision & { primary: string } {
  const data = facts.filter(({ kind }) => kind === "data");
  const live = data.filter(({ state }) => state === "running");
  const primaries = live.filter(({ role }) => role === "primary");
  if (primaries.length > 1) {
    throw refusal(
      "INIT_TWO_PRIMARIES",
      `${primaries.map(({ id, keys }) => `${id} (${keys ?? "?"} keys)`).join(" and ")} are both primaries: whichever is made a replica loses what only it holds.`,
      ["redisha status", "on the one that is to give way, once its data is of no use any more: REPLICAOF <the other>"],
    );
  }
  const [only] = primaries;
  if (only) return { primary: only.id, why: "it is the primary now" };
  const idOf = new Map(declared.instances.map(({ id, address }) => [address, id]));
  const named = (facts: readonly InstanceFacts[], by: "follows" | "names") => [
    ...new Set(facts.flatMap((each) => (each[by] === null ? [] : [idOf.get(each[by]) ?? each[by]]))),
  ];
  if (live.length > 0) return besideReplicas(facts, live, named);
  const asleep = data.filter(({ state, has_data }) => state === "stopped" || has_data);
  const remembered = named(
    facts.filter(({ kind }) => kind === "sentinel"),
    "names",
  ).filter((id) => declared.instances.some((each) => each.id === id));
  const leaders = asleep.filter(({ follows, has_data }) => follows === null && has_data);
  if (leaders.length > 1) {
    throw refusal(
      "INIT_PRIMARY_UNCLEAR",
      `Nothing runs, and ${leaders.map(({ id }) => id).join(" and ")} both hold data and follow nobody: which of them is the primary cannot be told.`,
      ["start the one whose data counts, and init again", "move the data of the others away"],
    );
  }
  const [leader] = leaders;
  if (leader) return { primary: leader.id, why: "nothing runs, and it alone holds data and follows nobody" };
  const followed = named(asleep, "follows").filter((id) => data.some((each) => each.id === id));
  const [known] = remembered.length > 0 ? remembered : followed;
  if (new Set([...remembered, ...followed]).size === 1 && known !== undefined) {
    return { primary: known, why: "nothing runs, and all files name it" };
  }
  if (asleep.some(({ has_data }) => has_data)) {
    throw refusal(
      "INIT_PRIMARY_UNCLEAR",
      `Nothing runs, there is data, and files name ${[...new Set([...remembered, ...followed])].join(" and ") || "nobody"} as the primary.`,
      ["start the server whose data counts, with `replicaof no one`, and init again"],
    );
  }
  const first =
    declared.instances.find(({ kind, initialPrimary }) => kind === "data" && initialPrimary) ??
    declared.instances.find(({ kind }) => kind === "data");
  if (!first) throw new TypeError("a deployment has a data instance");
  return { primary: first.id, why: "nothing is there yet" };
}

/** Replicas live, and no primary: it is the one that all of them follow, where that one is down and can be started. */
function besideReplicas(
  facts: readonly InstanceFacts[],
  live: readonly InstanceFacts[],
  named: (facts: readonly InstanceFacts[], by: "follows" | "names") => string[],
): Decision & { primary: string } {
  const followed = named(live, "follows");
  const [one] = followed;
  const theirs = facts.find(({ id }) => id === one);
  const watched = named(
    facts.filter(({ kind, state }) => kind === "sentinel" && state === "running"),
    "names",
  );
  const agreed = watched.every((id) => id === one);
  if (followed.length === 1 && one !== undefined && theirs?.state === "stopped" && theirs.follows === null && agreed) {
    return { primary: one, why: "it is stopped, and every replica follows it" };
  }
  throw refusal(
    "INIT_NO_PRIMARY",
    `${live.map(({ id }) => id).join(", ")} are replicas of ${followed.join(" and ") || "nobody known"}, and no primary lives: a failover is under way, or none is possible.`,
    ["redisha status", "start the primary again, or let Sentinel promote one; then init again"],
  );
}

function refuseForeign(declared: Declared, facts: readonly InstanceFacts[]): void {
  const addresses = new Set(declared.instances.map(({ address }) => address));
  for (const { id, kind, state, said, follows, attached, watches, of, in_cluster_mode: inCluster } of facts) {
    if (state === "locked_out") {
      throw refusal(
        "INIT_LOCKED_OUT",
        `Something answers at ${id} and does not let redisha in: ${said ?? ""}`,
        ["if it is this deployment's: mend auth and users in redisha.yaml", "if it is another's: declare another port"],
        id,
      );
    }
    if (state === "elsewhere") {
      throw refusal(
        "INIT_PORT_TAKEN",
        `The unit that ${id} would get runs already, and does not answer at its address.`,
        ["if nobody needs it: systemctl disable --now UNIT", "else declare another port"],
        id,
      );
    }
    const strangers = [...(follows === null ? [] : [follows]), ...attached].filter((each) => !addresses.has(each));
    if (state === "running" && strangers.length > 0) {
      const how =
        follows !== null && strangers.includes(follows) ? `follows ${follows}` : `leads ${strangers.join(", ")}`;
      throw foreign(id, `${how}, which redisha.yaml does not list`);
    }
    if (state === "running" && kind === "sentinel" && watches.length > 0 && !watches.includes(declared.group ?? "")) {
      throw foreign(id, `watches ${watches.join(", ")}, not ${declared.group}`);
    }
    if (of !== null && of !== declared.deployment) throw foreign(id, `has a file that was rendered for ${of}`);
    if (state === "running" && kind === "data" && inCluster !== null && inCluster !== (declared.kind === "cluster")) {
      throw foreign(id, inCluster ? "runs in Cluster mode" : "does not run in Cluster mode");
    }
  }
}

function foreign(id: string, what: string) {
  return refusal(
    "INIT_FOREIGN",
    `${id} ${what}: it belongs to something else than this deployment.`,
    ["declare what belongs to it, or another host or port", "redisha status"],
    id,
  );
}

/**
 * Every Sentinel names a server that is a replica: none of them could ever fail over, and rendering their files again
 * around the same name would keep it so.
 */
function refuseStaleSentinels(declared: Declared, facts: readonly InstanceFacts[], primary: string | null): void {
  const idOf = new Map(declared.instances.map(({ id, address }) => [address, id]));
  const telling = facts.filter(({ kind, names }) => kind === "sentinel" && names !== null && idOf.has(names));
  if (telling.length === 0) return;
  const named = telling.map(({ names }) => idOf.get(names ?? "") ?? "");
  if (named.some((id) => id === primary)) return;
  const role = (id: string) => facts.find((each) => each.id === id)?.role;
  if (!named.every((id) => role(id) === "replica")) return;
  throw refusal(
    "INIT_SENTINELS_STALE",
    `Every Sentinel names ${[...new Set(named)].join(" and ")}, which is a replica; the primary is ${primary}. They would never fail over again.`,
    [
      `on every Sentinel: SENTINEL REMOVE ${declared.group}; where it is stopped, remove its sentinel.conf`,
      `then: redisha init, which has them watch ${primary}`,
    ],
  );
}

/** A server that is made a replica is emptied first: data that is not known to come from the primary is not risked. */
function refuseWiping(declared: Declared, facts: readonly InstanceFacts[], primary: string | null): void {
  const addresses = new Set(declared.instances.map(({ address }) => address));
  const lost = facts.filter(
    ({ id, kind, state, has_data, follows, of }) =>
      kind === "data" &&
      id !== primary &&
      state !== "running" &&
      has_data &&
      !(follows !== null && addresses.has(follows)) &&
      of !== declared.deployment,
  );
  if (lost.length === 0) return;
  throw refusal(
    "INIT_WOULD_WIPE",
    `Data lies on ${lost.map(({ id }) => id).join(", ")}, and nothing says that it comes from ${primary}: as a replica it would be emptied.`,
    [
      "move the data away, where it is of no use",
      "or name the instance as redis.initial_primary, where it is the one that counts",
    ],
    lost[0]?.id,
  );
}

/** A Cluster node that is down has a place in the Cluster: it is started, never formed anew. */
function refuseStoppedCluster(facts: readonly InstanceFacts[]): void {
  const formed = facts.some(({ cluster }) => cluster !== null && cluster.known_nodes > 1);
  const lost = facts.filter(
    ({ kind, state, has_data, of }) => kind === "data" && state !== "running" && has_data && of === null,
  );
  if (lost.length === 0) return;
  throw refusal(
    "INIT_WOULD_WIPE",
    `Data lies on ${lost.map(({ id }) => id).join(", ")}, which redisha did not set up${formed ? " and which is not in the Cluster" : ""}.`,
    ["move the data away, where it is of no use"],
    lost[0]?.id,
  );
}

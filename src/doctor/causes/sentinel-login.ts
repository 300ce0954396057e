import type { SentinelNode } from "../../topology/schema.ts";
import { list } from "../../topology/words.ts";
import { mayRun } from "../acl-rules.ts";
import { nodeOf, seen, watching, wayEvidence, wayFrom } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis, Evidence } from "../model.ts";

/** Flags by which a Sentinel says that it gets no answer it can use. */
const CUT_OFF = /^(s_down|disconnected)$/;

export const sentinelLogin: Cause = {
  id: "sentinel-login",
  title: "A Sentinel cannot log in to the servers, or may not do what it has to",
  symptoms: ["no-failover", "no-connection"],
  why: "A Sentinel whose auth-pass is wrong holds a healthy primary to be down. One whose user lacks a right sees all is well until it has to promote a replica, and then fails.",
  how: "What each Sentinel thinks of servers that answer redisha, held against whether its host can connect to them; logins and commands of its user that servers refused (ACL LOG).",
  diagnose: (facts) => [...lockedOut(facts), ...withoutRights(facts)],
};

function lockedOut(facts: Facts): Diagnosis[] {
  return watching(facts).flatMap((sentinel) => {
    const primary = nodeOf(facts, sentinel.primary_id);
    const away = [
      ...(primary?.reach.ok && sentinel.flags.some((flag) => CUT_OFF.test(flag)) ? [primary] : []),
      ...sentinel.known_replicas.flatMap(({ node_id, flags }) => {
        const node = nodeOf(facts, node_id);
        return node?.reach.ok && flags.some((flag) => CUT_OFF.test(flag)) ? [node] : [];
      }),
    ];
    const refused = away.flatMap(({ id }) => refusals(facts, id, sentinel, "auth"));
    const open = away.filter(
      ({ id, host }) => host === sentinel.host || wayFrom(facts, sentinel.host, id)?.answer === "open",
    );
    if (away.length === 0 || (refused.length === 0 && open.length === 0)) return [];
    return [
      {
        severity: "warning",
        confidence: refused.length > 0 ? "certain" : "likely",
        subjects: [sentinel.id, ...away.map(({ id }) => id)],
        message: `Sentinel ${sentinel.id} gets no answer from ${list(away.map(({ id }) => id))}, though the way is open${refused.length > 0 ? ": its login is refused" : ""}`,
        evidence: [
          seen(sentinel.id, "SENTINEL MASTER flags", sentinel.flags.join(",")),
          ...sentinel.known_replicas
            .filter(({ flags }) => flags.some((flag) => CUT_OFF.test(flag)))
            .map(({ address, flags }) => seen(sentinel.id, `SENTINEL REPLICAS ${address}`, flags.join(","))),
          ...away.flatMap(({ id }) => wayEvidence(facts, sentinel.host, id)),
          ...refused,
        ],
        mend: { runbook: "fix-sentinel-auth", inputs: {} },
        next: ["where redisha.yaml itself has the wrong password, correct it there first"],
      },
    ];
  });
}

/** What a Sentinel sends, at the latest when it promotes a replica. */
const NEEDED = [
  ...["ping", "info", "subscribe", "publish", "multi", "exec", "slaveof", "config|rewrite"],
  ...["client|setname", "client|kill", "script|kill"],
];
/** A refusal of what a Sentinel sends every few seconds is over after this long. */
const OVER_S = 15;

/** A right that is missing shows in what a server refused; one that only a failover takes shows in its users beforehand. */
function withoutRights(facts: Facts): Diagnosis[] {
  const user = facts.deployment.users?.sentinel?.name;
  if (facts.deployment.kind !== "sentinel" || user === undefined) return [];
  const missing = facts.topology.nodes.flatMap(({ id }) => {
    const rules = rulesOf(facts, id, user);
    return rules
      ? NEEDED.filter((command) => mayRun(rules, command) === false).map((command) => ({ id, command }))
      : [];
  });
  const refused = facts.topology.nodes.flatMap(({ id }) =>
    (facts.troubles[id]?.refusals ?? [])
      .filter((each) => each.user === user && /^(command|channel|key)$/.test(each.reason))
      .filter((each) => isStanding(each, rulesOf(facts, id, user)))
      .map((each) => ({ id, each })),
  );
  const what = [...new Set([...missing.map(({ command }) => command), ...refused.map(({ each }) => each.object)])];
  if (what.length === 0) return [];
  return [
    {
      severity: "warning",
      confidence: "certain",
      subjects: [...new Set([...missing, ...refused].map(({ id }) => id))],
      message: `Servers refuse ${list(what)} to ${user}, the user of the Sentinels: ${what.some((command) => /slaveof|config|multi|exec/i.test(command)) ? "a failover fails half way" : "Sentinels do not find each other, or the replicas"}`,
      evidence: [
        ...refused.slice(0, 4).map(({ id, each }) => evidenceOf(facts, id, each)),
        ...missing.slice(0, 4).map(({ id, command }) => seen(id, "ACL LIST", `${user} may not ${command}`)),
      ],
      mend: { runbook: "fix-sentinel-auth", inputs: {} },
      next: [],
    },
  ];
}

function rulesOf(facts: Facts, id: string, user: string): readonly string[] | undefined {
  return facts.servers[id]?.users?.find(({ name }) => name === user)?.commands;
}

/** Whether it would be refused again: by the rules as they are now, else by how long ago it was. */
function isStanding({ reason, object, age_s }: Refusal, rules: readonly string[] | undefined): boolean {
  const may = reason === "command" && rules ? mayRun(rules, object) : undefined;
  return may !== true && (age_s < OVER_S || (may === false && NEEDED.includes(object)));
}

type Refusal = NonNullable<Facts["troubles"][string]["refusals"]>[number];

function refusals(facts: Facts, id: string, sentinel: SentinelNode, reason: string): Evidence[] {
  return (facts.troubles[id]?.refusals ?? [])
    .filter((each) => each.reason === reason && each.address === sentinel.address)
    .slice(0, 1)
    .map((each) => evidenceOf(facts, id, each));
}

function evidenceOf(facts: Facts, id: string, { reason, object, user, address, times, age_s }: Refusal): Evidence {
  const what = reason === "auth" ? "the login" : `the ${reason} ${object}`;
  const at = new Date(facts.nowMs - age_s * 1_000).toISOString();
  return seen(id, "ACL LOG", `refused ${what} of ${user} from ${address}, ${times} times`, at);
}

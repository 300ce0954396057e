import { list } from "../../topology/words.ts";
import { errorEvidence, inLog, nodeOf, seen } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis, Evidence } from "../model.ts";
import { letsIn, withoutLink } from "../replication.ts";

const REFUSED = /WRONGPASS|NOAUTH|NOPERM|Unable to AUTH/;

/** What a replica needs of its primary beside a password. */
const RIGHTS = "+psync +replconf +ping";

export const wrongMasterauth: Cause = {
  id: "wrong-masterauth",
  title: "A replica cannot log in to its primary",
  symptoms: ["replica-behind", "no-connection", "no-failover", "full-syncs"],
  why: "Sentinel does not promote a replica whose link has been down for long, and what it holds grows old. A wrong masterauth on a primary shows only after the next failover, when it comes back as a replica.",
  how: "masterauth of every node, held against the passwords that each other one takes (as keyed prints); the replica's log; logins that the primary refused (ACL LOG, errorstat).",
  diagnose: (facts) => [...now(facts), ...afterFailover(facts)],
};

function now(facts: Facts): Diagnosis[] {
  return withoutLink(facts).flatMap((replica) => {
    const primary = nodeOf(facts, replica.primary_id);
    const logged = inLog(facts, replica.id, REFUSED);
    const letIn = primary ? letsIn(facts, primary.id, replica.id) : undefined;
    if (logged.length === 0 && letIn !== false) return [];
    const rights = logged.some(({ value }) => value.includes("NOPERM")) && letIn === true;
    const where = primary?.id ?? replica.primary_address ?? "its primary";
    return [
      {
        severity: "warning",
        confidence: letIn === true && !rights ? "possible" : "certain",
        subjects: [replica.id, ...(primary ? [primary.id] : [])],
        message: rights
          ? `${replica.id} logs in to ${where}, and may not replicate as ${userOf(facts, replica.id)}: it needs ${RIGHTS}`
          : `${replica.id} cannot log in to ${where} as ${userOf(facts, replica.id)}: ${passwordWord(facts, replica.id)}`,
        evidence: [
          seen(replica.id, "INFO master_link_status", `down for ${replica.link_down_s ?? "?"} s`),
          ...loginEvidence(facts, replica.id, primary?.id, letIn),
          ...logged,
          ...(primary ? refusals(facts, primary.id, replica.address) : []),
        ],
        mend: { runbook: "fix-masterauth", inputs: { node: replica.id } },
        next: ["where redisha.yaml itself has the wrong password, correct it there first"],
      },
    ];
  });
}

/** Everybody may be a replica tomorrow. */
function afterFailover(facts: Facts): Diagnosis[] {
  const data = facts.topology.nodes.filter(({ up, listed }) => up && listed);
  return data
    .filter(({ role }) => role === "primary")
    .flatMap((primary) => {
      const refusing = data.filter(({ id }) => id !== primary.id && letsIn(facts, id, primary.id) === false);
      if (refusing.length === 0) return [];
      const names = refusing.map(({ id }) => id);
      return [
        {
          severity: "warning",
          confidence: "certain",
          subjects: [primary.id],
          message: `${primary.id} would not be let in by ${list(names)} if it came back as a replica: ${passwordWord(facts, primary.id)}`,
          evidence: names.flatMap((id) => loginEvidence(facts, primary.id, id, false)),
          mend: { runbook: "fix-masterauth", inputs: { node: primary.id } },
          next: ["where redisha.yaml itself has the wrong password, correct it there first"],
        },
      ];
    });
}

function userOf(facts: Facts, id: string): string {
  return `user ${facts.servers[id]?.replication_login?.user ?? "default"}`;
}

function passwordWord(facts: Facts, id: string): string {
  return facts.servers[id]?.replication_login?.password === null ? "it has no masterauth" : "its masterauth is wrong";
}

function loginEvidence(
  facts: Facts,
  replica: string,
  primary: string | undefined,
  letIn: boolean | undefined,
): Evidence[] {
  if (letIn === undefined || primary === undefined) return [];
  const word = letIn ? "is one that it takes" : "is none that it takes";
  return [seen(primary, `ACL LIST, ${userOf(facts, replica)}`, `masterauth of ${replica} ${word}`)];
}

function refusals(facts: Facts, primary: string, address: string): Evidence[] {
  const told = (facts.troubles[primary]?.refusals ?? [])
    .filter((each) => each.reason === "auth" && each.address === address)
    .slice(0, 1)
    .map((each) =>
      seen(
        primary,
        "ACL LOG",
        `refused a login of ${each.user} from ${each.address}, ${each.times} times`,
        new Date(facts.nowMs - each.age_s * 1_000).toISOString(),
      ),
    );
  return [...told, ...errorEvidence(facts, primary, "WRONGPASS", "NOAUTH")];
}

import { authority } from "../../topology/sentinel-authority.ts";
import { count, list } from "../../topology/words.ts";
import { inLog, seen, watching } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";

export const noQuorum: Cause = {
  id: "no-quorum",
  title: "Too few Sentinels take part for a failover",
  symptoms: ["no-failover"],
  why: "The quorum has to agree that the primary is down, and a majority of all Sentinels that were ever known has to vote. Where either cannot be reached, nothing takes the place of a dead primary.",
  how: "Sentinels that answer, watch the group and see each other; the quorum of each; -failover-abort-not-elected in their logs.",
  diagnose: (facts) => {
    if (facts.deployment.kind !== "sentinel") return [];
    const lost = diagnosisOf(facts);
    return lost.length > 0 ? lost : differing(facts);
  },
};

/** Each Sentinel goes by its own quorum: one that no failover can meet has it stand by while others act. */
function differing(facts: Facts): Diagnosis[] {
  const seeing = watching(facts);
  const wanted = declaredQuorum(facts);
  const odd = seeing.filter(({ quorum }) => quorum !== null && quorum !== wanted);
  if (odd.length === 0) return [];
  const impossible = odd.filter(({ quorum, others }) => (quorum ?? 0) > (others ?? 0) + 1);
  return [
    {
      severity: "warning",
      confidence: "certain",
      subjects: odd.map(({ id }) => id),
      message: `${list(odd.map(({ id, quorum }) => `${id} has the quorum ${quorum}`))}, and not ${wanted}${impossible.length > 0 ? ": it never declares the primary down" : ""}`,
      evidence: seeing.map(({ id, quorum }) => seen(id, "SENTINEL MASTER quorum", String(quorum))),
      mend: { runbook: "restore-sentinel-settings", inputs: { quorum: String(wanted) } },
      next: [],
    },
  ];
}

/** As redisha.yaml says, else a majority. */
function declaredQuorum({ deployment }: Facts): number {
  const listed = deployment.instances.filter(({ kind }) => kind === "sentinel").length;
  return deployment.sentinel?.quorum ?? Math.floor(listed / 2) + 1;
}

function diagnosisOf(facts: Facts): Diagnosis[] {
  const { topology, deployment } = facts;
  const found = authority(topology);
  const seeing = watching(facts);
  if (!found) return seeing.length > 0 || topology.sentinels.length === 0 ? [] : [nobody(facts)];
  const { reachable, voters, majority, quorum } = found;
  if (reachable >= quorum && reachable >= majority) return [];
  const down = topology.sentinels.filter(({ listed, reach }) => listed && !reach.ok).map(({ id }) => id);
  const listed = deployment.instances.filter(({ kind }) => kind === "sentinel").length;
  const declared = declaredQuorum(facts);
  // With the declared quorum it would do: what is wrong is the setting, and not the Sentinels.
  const setting = reachable >= majority && reachable >= declared;
  const forgotten = voters > listed;
  const masterName = deployment.masterName ?? "";
  return [
    {
      severity: "critical",
      confidence: "certain",
      subjects: seeing.map(({ id }) => id),
      message: setting
        ? `The quorum is ${quorum}, and ${count(reachable, "Sentinel")} ${reachable === 1 ? "takes" : "take"} part: nobody would declare the primary down`
        : `${reachable} of ${count(voters, "Sentinel")} take part; a failover needs ${Math.max(quorum, majority)}${down.length > 0 ? `, and ${list(down)} ${down.length === 1 ? "does" : "do"} not answer` : ""}${forgotten ? `; ${voters - listed} of them are in no redisha.yaml` : ""}`,
      evidence: [
        ...seeing.map(({ id, quorum: own, others, others_reachable }) =>
          seen(
            id,
            `SENTINEL MASTER ${masterName}`,
            `quorum ${own}, sees ${others_reachable ?? "?"} of ${others ?? "?"} others`,
          ),
        ),
        ...seeing.flatMap(({ id, ckquorum_message }) =>
          ckquorum_message === null ? [] : [seen(id, "SENTINEL CKQUORUM", ckquorum_message)],
        ),
        ...seeing.flatMap(({ id }) => inLog(facts, id, /-failover-abort-not-elected/, 1)),
      ],
      ...(setting ? { mend: { runbook: "restore-sentinel-settings", inputs: { quorum: String(declared) } } } : {}),
      ...(!setting && forgotten ? { mend: { runbook: "sentinel-reset-rolling", inputs: {} } } : {}),
      next: down.map((id) => `start Sentinel ${id}, or open the way to it`),
    },
  ];
}

function nobody({ topology }: Facts): Diagnosis {
  const all = topology.sentinels.filter(({ listed }) => listed);
  return {
    severity: "critical",
    confidence: "likely",
    subjects: all.map(({ id }) => id),
    message: "No Sentinel that watches the group answers: if the primary dies, nothing takes its place",
    evidence: all.map(({ id, reach, watches }) =>
      seen(
        id,
        "connection from here",
        reach.ok ? `it watches ${watches.join(", ") || "nothing"}` : (reach.message ?? ""),
      ),
    ),
    next: ["start the Sentinels, or open the way to them", "redisha status --sentinels-view"],
  };
}

import { beforeBar } from "../../topology/barred.ts";
import { count, list } from "../../topology/words.ts";
import { errorEvidence, inConfig, inInfo, seen } from "../evidence.ts";
import type { Cause } from "../model.ts";

export const tooFewReplicas: Cause = {
  id: "too-few-replicas",
  title: "A primary refuses writes because too few replicas follow it",
  symptoms: ["writes-refused"],
  why: "min-replicas-to-write keeps a primary that is cut off from taking writes that would be lost. It does so as well when replicas are down, or lag for more than min-replicas-max-lag.",
  how: "min_slaves_good_slaves of every primary against min-replicas-to-write, and why each replica does not count.",
  diagnose: (facts) =>
    facts.topology.nodes.flatMap((primary) => {
      const { id, role, reach, min_replicas_to_write: wanted, good_replicas: good } = primary;
      if (!reach.ok || role !== "primary" || !wanted || good === null || good >= wanted) return [];
      // redisha status says what that is; lowered from here it would cost writes.
      if (beforeBar(wanted) !== undefined) return [];
      const missing = facts.topology.nodes.filter(
        (node) =>
          node.id !== id &&
          node.listed &&
          !primary.attached.some(({ node_id, state }) => node_id === node.id && state === "online"),
      );
      return [
        {
          severity: "critical" as const,
          confidence: "certain" as const,
          subjects: [id, ...missing.map((node) => node.id)],
          message: `${id} wants ${count(wanted, "replica")} and has ${good}: every write gets NOREPLICAS${missing.length > 0 ? `. ${list(missing.map((node) => node.id))} ${missing.length === 1 ? "is" : "are"} not there` : ""}`,
          evidence: [
            ...inConfig(facts, id, "min-replicas-to-write"),
            ...inConfig(facts, id, "min-replicas-max-lag"),
            ...inInfo(facts, id, "connected_slaves", "min_slaves_good_slaves"),
            ...primary.attached.map(({ address, state, lag_s }) =>
              seen(id, `replica ${address}`, `${state}, last heard ${lag_s ?? "?"} s ago`),
            ),
            ...errorEvidence(facts, id, "NOREPLICAS"),
          ],
          mend: { runbook: "lower-min-replicas", inputs: { replicas: String(good) } },
          next: ["bring the replicas back: then nothing has to be lowered"],
        },
      ];
    }),
};

import { z } from "zod";
import { isKeptBack } from "../../topology/rollback-standby.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";
import { defineAction } from "../define.ts";

const ids = z.array(z.string());

/** What the deployment is like before anything is stopped. A run that is gone on with finds servers away, and keeps this. */
export const upgradeSurvey = defineAction({
  name: "upgrade.survey",
  summary: "Tells what would stand in the way of stopping one server after the other, as it was when the run began",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    standby_priority: z
      .string()
      .default("100")
      .describe("What a standby for the way back gets as its replica-priority once it is none any more"),
  }),
  output: z.strictObject({
    silent: ids.describe("Instances that do not answer"),
    strangers: ids.describe("Instances that are not listed in redisha.yaml"),
    unlinked: ids.describe("Replicas without a link to their primary"),
    alone: ids.describe("Shards without a replica, or without a primary"),
    short: ids.describe("Primaries that would refuse writes with one replica away"),
    promotable: ids.describe("Replicas that may be promoted"),
    doubtful: ids.describe("Sentinels that could not get a failover through"),
    cluster_ok: z.boolean(),
    priorities: z.record(z.string(), z.string()).describe("What keeps a node from being promoted, by id"),
    run_ids: z
      .record(z.string(), z.string().nullable())
      .describe("Of each data node: another one since tells of a restart"),
    standbys: ids.describe("Replicas that are a standby for the way back, by their settings or by redisha.yaml"),
    replicas: ids.describe("Who followed another then"),
    primaries: ids.describe("Who was followed then"),
  }),
  example: `- id: survey
  action: upgrade.survey
  with: {}`,
  commands: () => [],
  run: async ({ standby_priority }, context) => ({
    outputs: surveyOf(await context.topology({ fresh: true }), standby_priority),
    changed: false,
  }),
});

function surveyOf(topology: Topology, standbyPriority: string) {
  const { kind, nodes, sentinels, shards, cluster } = topology;
  const all = [...nodes, ...sentinels];
  const idsOf = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id);
  const replicas = nodes.filter(({ role }) => role === "replica");
  return {
    silent: idsOf(all.filter(({ up }) => !up)),
    strangers: idsOf(all.filter(({ listed }) => !listed)),
    // One that is no way back any more has lost its link, and is given up by giving it all data.
    unlinked: idsOf(replicas.filter((node) => node.link_up !== true && !isStandby(node))),
    alone: idsOf(shards.filter(({ primary_id, replica_ids }) => primary_id === null || replica_ids.length === 0)),
    short: idsOf(nodes.filter(wouldRefuseWrites)),
    promotable: idsOf(replicas.filter((node) => fenceOf(kind, node) !== (kind === "cluster" ? "yes" : "0"))),
    doubtful: idsOf(sentinels.filter(({ ckquorum_ok }) => ckquorum_ok === false)),
    cluster_ok: cluster === null || cluster.state === "ok",
    priorities: Object.fromEntries(
      nodes.map((node) => [node.id, isStandby(node) ? standbyPriority : fenceOf(kind, node)]),
    ),
    run_ids: Object.fromEntries(nodes.map(({ id, run_id }) => [id, run_id])),
    standbys: idsOf(replicas.filter(isStandby)),
    replicas: idsOf(nodes.filter(({ role }) => role !== "primary")),
    primaries: idsOf(nodes.filter(({ role }) => role === "primary")),
  };
}

function isStandby(node: DataNode): boolean {
  return isKeptBack(node) || node.standby;
}

function wouldRefuseWrites({ role, min_replicas_to_write: needed, connected_replicas: there }: DataNode): boolean {
  return role === "primary" && needed !== null && needed > 0 && there !== null && needed >= there;
}

function fenceOf(kind: Topology["kind"], { priority, cluster }: DataNode): string {
  if (kind === "cluster") return cluster?.never_promotes ? "yes" : "no";
  return String(priority ?? 100);
}

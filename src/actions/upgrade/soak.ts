import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { formatDuration } from "../../core/units.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

const POLL_MS = 2_000;

/** A look may fall into a moment in which a replica links anew: so many in a row are no such moment. */
const WRONG_IN_A_ROW = 5;

/** Lets a deployment run as it is for a while, and goes on only if all stayed well. */
export const upgradeSoak = defineAction({
  name: "upgrade.soak",
  summary: "Lets the deployment run as it is for a while; fails where it does not stay well meanwhile",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({ for: durationSchema.describe("How long, e.g. 10m") }),
  output: z.strictObject({
    looks: z.int().describe("How often it was looked at"),
    wrong: z.int().describe("How often something was not well"),
  }),
  example: `- id: soak
  action: upgrade.soak
  with: { for: 10m }`,
  commands: ({ for: ms }) => [
    { transport: "controller", text: `look for ${formatDuration(ms)} whether all stays well` },
  ],
  takesMs: ({ for: ms }) => ms + 120_000,
  async run({ for: ms }, context) {
    const end = performance.now() + ms;
    let [looks, wrong, inARow] = [0, 0, 0];
    for (let left = ms; left > 0; left = end - performance.now()) {
      const found = wrongWith(await context.topology({ fresh: true }));
      looks += 1;
      inARow = found.length > 0 ? inARow + 1 : 0;
      if (found.length > 0) wrong += 1;
      if (inARow >= WRONG_IN_A_ROW) throw notWell(found);
      context.progress(`${formatDuration(Math.ceil(left / 1_000) * 1_000)} more${found[0] ? `; ${found[0]}` : ""}`);
      await sleep(Math.min(left, POLL_MS), context.signal);
    }
    return { outputs: { looks, wrong }, changed: false };
  },
});

function wrongWith({ nodes, sentinels, cluster, primary_id, kind }: Topology): string[] {
  return [
    ...[...nodes, ...sentinels].flatMap(({ id, up }) => (up ? [] : [`${id} does not answer`])),
    ...nodes.flatMap((node) => (isUnlinked(node) ? [`${node.id} has no link to its primary`] : [])),
    ...sentinels.flatMap(({ id, ckquorum_ok }) =>
      ckquorum_ok === false ? [`${id} could not get a failover through`] : [],
    ),
    ...(kind !== "cluster" && primary_id === null ? ["there is no one primary"] : []),
    ...(cluster !== null && cluster.state !== "ok" ? [`the cluster's state is ${cluster.state}`] : []),
  ];
}

function isUnlinked({ up, role, link_up }: DataNode): boolean {
  return up && role === "replica" && link_up !== true;
}

function notWell(found: readonly string[]): RedishaError {
  return new RedishaError({
    code: "UPGRADE_SOAK_FAILED",
    message: `The deployment does not stay well: ${found.join("; ")}.`,
    state: "nothing was stopped meanwhile; what was brought to another release before runs on with it",
    next: ["redisha status"],
  });
}

import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { rollbackStandbys } from "../../topology/rollback-standby.ts";
import type { Topology } from "../../topology/schema.ts";
import { list } from "../../topology/words.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

const POLL_MS = 500;

/** Whether a standby for the way back leads back without loss. */
export const upgradeStandby = defineAction({
  name: "upgrade.standby",
  summary:
    "Fails where a replica that was left on an older release does not lead back to it without loss, with the reasons",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    node: z.string().describe("The standby"),
    version: z.string().describe("The release that it has to run: 7.0.15"),
    within: durationSchema.default(0).describe("How long it may take to find its link again"),
  }),
  output: z.strictObject({
    lag: z.int().nullable().describe("Bytes that it is behind; null where it is the primary by now"),
    took_over: z.boolean().describe("It is the primary already"),
  }),
  example: `- id: sound
  action: upgrade.standby
  with: { node: "r3:6379", version: "7.0.15" }`,
  commands: () => [{ transport: "redis", text: "INFO replication stats, CONFIG GET, on every server" }],
  tell: ({ lag, took_over }) =>
    took_over ? "it is the primary already" : `it leads back without loss, and is ${lag ?? "?"} bytes behind now`,
  takesMs: ({ within }) => within + 60_000,
  async run({ node, version, within }, context) {
    const deadline = performance.now() + within;
    for (;;) {
      const topology = await context.topology({ fresh: true });
      const held = topology.nodes.find(({ id }) => id === node);
      if (held?.role === "primary" && held.version === version) return found(null, true);
      const why = whyNone(node, version, topology);
      if (why.length === 0) return found(held?.lag ?? null, false);
      if (performance.now() >= deadline) throw unsound(node, version, why);
      context.forgetFailures();
      await sleep(POLL_MS, context.signal);
    }
  },
});

function found(lag: number | null, took_over: boolean) {
  return { outputs: { lag, took_over }, changed: false };
}

function whyNone(node: string, version: string, topology: Topology): readonly string[] {
  const standby = rollbackStandbys(topology).find((each) => each.node.id === node);
  if (!standby) return ["it is none by its settings, or its primary runs the same release"];
  if (standby.node.version !== null && standby.node.version !== version) return [`it runs ${standby.node.version}`];
  return standby.unsound;
}

function unsound(node: string, version: string, why: readonly string[]): RedishaError {
  return new RedishaError({
    code: "STANDBY_UNSOUND",
    message: `${node} does not lead back to ${version} without loss: ${list(why)}.`,
    host: node,
    exit: EXIT.gateRefused,
    state: "the others serve on as they are",
    next: [`go back by a backup: redisha rollback --to ${version}`, "redisha status --wide"],
  });
}

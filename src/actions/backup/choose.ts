import { z } from "zod";
import { chooseSources, METHODS } from "../../backup/choose-sources.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Topology } from "../../topology/schema.ts";
import { compareVersions } from "../../topology/versions.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceNamed, type Source, sourcesSchema } from "./sources.ts";

/** Finds where each shard is read from, and says of every candidate why. */
export const backupChoose = defineAction({
  name: "backup.choose",
  summary: "Finds the instance that each shard is best read from, with the reason for and against every candidate",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    allow_primary: z.boolean().default(false).describe("Read the primary where no replica will do"),
    lag_bytes: z.int().min(0).default(16_777_216).describe("Bytes that a replica may be behind"),
    lag_time: durationSchema.default(10_000).describe("How long ago the primary may last have heard from it"),
    method: z
      .enum(["auto", ...METHODS])
      .default("auto")
      .describe(
        "bgsave copies the file that the server writes, sync pulls one by replication, aof takes the append-only file",
      ),
    consistency: z.enum(["auto", "fenced", "parallel"]).default("auto").describe("Of the shards of a Cluster"),
  }),
  output: z.strictObject({
    sources: sourcesSchema,
    instances: z.array(z.string()).describe("Ids of the sources"),
    candidates: z.array(
      z.strictObject({
        shard: z.string(),
        instance: z.string(),
        role: z.string(),
        chosen: z.boolean(),
        eligible: z.boolean(),
        reason: z.string(),
      }),
    ),
    consistency: z.enum(["single", "parallel", "fenced"]),
    method: z.enum(METHODS),
    warnings: z.array(z.string()),
  }),
  example: `- id: choose
  action: backup.choose
  with: { allow_primary: false, lag_bytes: 16777216, lag_time: 10s, method: auto }`,
  commands: () => [],
  async run(input, context) {
    const topology = await context.topology({ fresh: true });
    const choice = chooseSources(topology, {
      allowPrimary: input.allow_primary,
      lagBytes: input.lag_bytes,
      lagSeconds: input.lag_time / 1000,
      method: input.method,
      hostsWithShell: new Set(context.deployment.hosts.filter(({ ssh }) => ssh !== "none").map(({ name }) => name)),
    });
    for (const { instance, role, chosen, eligible, reason } of choice.candidates) {
      const verdict = chosen ? "taken" : eligible ? "would do, too" : "not taken";
      context.progress(`${instance} (${role}): ${verdict}; ${reason}`);
    }
    const [first] = choice.sources;
    if (!first) await refuseUnanswered(topology, context);
    if (choice.problems.length > 0 || !first) throw incomplete(choice.problems);
    const methods = new Set(choice.sources.map(({ method }) => method));
    // A set is of one kind: what pulls one shard pulls all.
    const method = methods.size === 1 ? first.method : "sync";
    const sources = choice.sources.map(
      (source): Source => ({ ...source, slots: source.slots.map(([a, b]) => [a, b]), method }),
    );
    const consistency = consistencyOf(input.consistency, topology, method);
    const warnings = sources
      .filter(({ fell_back_to_primary }) => fell_back_to_primary)
      .map(({ instance, shard }) => `no replica of shard ${shard} will do: its primary ${instance} is read`);
    const instances = sources.map(({ instance }) => instance);
    return {
      outputs: {
        sources: Object.fromEntries(sources.map((source) => [source.instance, source])),
        instances,
        candidates: choice.candidates.map(({ role, ...rest }) => ({ ...rest, role: String(role) })),
        consistency,
        method,
        warnings,
      },
      changed: false,
    };
  },
});

/** Where no server answers, fails with the reason: a wrong password says more than that there is nothing to read. */
async function refuseUnanswered({ nodes }: Topology, context: ActionContext): Promise<void> {
  const [any] = nodes;
  if (any && nodes.every(({ up }) => !up)) await context.redis(instanceNamed(context.deployment, any.id));
}

/** One shard is one moment. Before 6.2 a primary cannot hold back writes alone, and answers nothing while it pauses. */
function consistencyOf(
  asked: "auto" | "fenced" | "parallel",
  { kind, nodes }: Topology,
  method: string,
): "single" | "fenced" | "parallel" {
  if (kind !== "cluster") return "single";
  const old = nodes.some((node) => (compareVersions(node, { engine: "redis", version: "6.2" }) ?? 0) < 0);
  const can = method === "bgsave" && !old;
  if (asked === "fenced" && !can) {
    throw new RedishaError({
      code: "FENCE_NOT_POSSIBLE",
      message: old
        ? "Servers before 6.2 cannot hold back writes alone: there is no fence."
        : `A fence needs the method bgsave, and this is ${method}.`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: ["redisha backup --consistency parallel"],
    });
  }
  if (asked === "auto") return can ? "fenced" : "parallel";
  return asked;
}

function incomplete(problems: readonly string[]): RedishaError {
  return new RedishaError({
    code: "BACKUP_NO_SOURCE",
    message: `There would be no whole backup: ${problems.join("; ")}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched; older backups are as they were",
    next: ["redisha status", "redisha backup --allow-primary, where only the primary is left"],
  });
}

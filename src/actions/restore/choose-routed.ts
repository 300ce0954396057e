import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatBytes } from "../../core/units.ts";
import type { Manifest } from "../../repository/manifest.ts";
import { intField, parseInfo } from "../../topology/parse/info.ts";
import { keyCount } from "../../topology/parse/keyspace.ts";
import { instanceNamed } from "../backup/sources.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { type RoutedTarget, targetSchema, targetsOf } from "./routed/targets.ts";
import { openBackup } from "./source.ts";

/** Finds the backup, and the empty primaries that its keys are to be spread over. */
export const restoreChooseRouted = defineAction({
  name: "restore.choose_routed",
  summary: "Finds the backup that is meant, and makes sure that the primaries are empty and can take its keys",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    backup: z.string().default("latest").describe("Id of a backup, or latest"),
    from: z.string().nullable().default(null),
    identities: z.array(z.string()).default([]),
    at: z.string().nullable().default(null).describe("A moment"),
  }),
  output: z.strictObject({
    backup: z.string(),
    from: z.string(),
    identities: z.array(z.string()),
    saved_at: z.string(),
    shards: z.array(z.string()).describe("Of the backup"),
    targets: z.array(targetSchema).describe("Primaries, and the slots that each owns"),
    primaries: z.array(z.string()),
  }),
  example: `- id: choose
  action: restore.choose_routed
  with: { backup: latest }`,
  commands: () => [],
  async run({ backup, from, identities, at }, context) {
    const { manifest } = await openBackup({ backup, from: from ?? "", identities, at }, context);
    if (manifest.deployment !== context.deployment.name && from !== manifest.deployment)
      throw foreign(manifest, context);
    const targets = targetsOf(await context.topology({ fresh: true }));
    const refusals = [
      ...databasesFor(manifest, context),
      ...(await Promise.all(targets.map((target) => objectionsOf(target, manifest, targets.length, context)))).flat(),
    ];
    if (refusals.length > 0) throw refused(refusals);
    return {
      outputs: {
        backup: manifest.id,
        from: manifest.deployment,
        identities,
        saved_at: manifest.started,
        shards: manifest.shards.map(({ name }) => name),
        targets,
        primaries: targets.map(({ instance }) => instance),
      },
      changed: false,
    };
  },
});

/** A Cluster has one database: keys of others would have nowhere to go. */
function databasesFor({ shards }: Manifest, { deployment }: ActionContext): string[] {
  if (deployment.kind !== "cluster") return [];
  const others = shards.flatMap(({ keys }) => Object.keys(keys?.per_db ?? {})).filter((db) => db !== "0");
  return others.length === 0 ? [] : [`a Cluster has database 0 alone, and the backup has keys in ${others.join(", ")}`];
}

async function objectionsOf(
  { instance }: RoutedTarget,
  { shards }: Manifest,
  targets: number,
  context: ActionContext,
): Promise<string[]> {
  const redis = await context.redis(instanceNamed(context.deployment, instance));
  const sections = ["keyspace", "memory"].map((section) => ["INFO", section]);
  const [keyspace, memory, modules] = await redis.pipeline([...sections, ["MODULE", "LIST"]], {
    signal: context.signal,
  });
  if (keyspace instanceof Error) throw keyspace;
  const keys = keyCount(parseInfo(String(keyspace)));
  const limit = intField(parseInfo(String(memory)), "maxmemory") ?? 0;
  const share = shards.reduce((sum, { server }) => sum + server.used_memory, 0) / targets;
  const has = JSON.stringify(modules instanceof Error ? [] : modules);
  const lacks = shards.flatMap(({ server }) => server.modules).filter(({ name }) => !has.includes(`"${name}"`));
  return [
    ...(keys > 0 ? [`${instance} holds ${keys} keys, and is to be empty`] : []),
    ...(limit > 0 && share > limit
      ? [`${instance} would hold some ${formatBytes(share)}, and its maxmemory is ${formatBytes(limit)}`]
      : []),
    ...(lacks.length > 0
      ? [`${instance} lacks modules: ${[...new Set(lacks.map(({ name }) => name))].join(", ")}`]
      : []),
  ];
}

function refused(reasons: readonly string[]): RedishaError {
  return new RedishaError({
    code: "RESTORE_REFUSED",
    message: `The backup cannot be written there: ${reasons.join("; ")}.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["what a primary holds is emptied by FLUSHALL, after a backup of it", "redisha backup show"],
  });
}

function foreign({ id, deployment }: Manifest, context: ActionContext): RedishaError {
  return new RedishaError({
    code: "RESTORE_FOREIGN",
    message: `Backup ${id} is one of ${deployment}, not of ${context.deployment.name}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`redisha restore ${id} --routed --deployment ${deployment} --to ${context.deployment.name}`],
  });
}

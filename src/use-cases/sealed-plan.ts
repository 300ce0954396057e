import { createHmac, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { Secret } from "../core/secret.ts";
import { type Plan, planSchema } from "../engine/plan.ts";
import type { Runbook } from "../runbook/model.ts";
import type { Topology } from "../topology/schema.ts";

const fingerprintSchema = z.strictObject({
  primary: z.string().nullable(),
  instances: z.record(z.string(), z.string()).describe("Instance to role, version and whom it follows"),
  epoch: z.int().nullable(),
});

const sealedSchema = z.strictObject({
  schema: z.literal(1),
  plan: planSchema,
  /** Path of the runbook. */
  ref: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  salt: z.string(),
  secrets: z.record(z.string(), z.string()).describe("HMAC of each secret: another value makes the plan stale"),
  fingerprint: fingerprintSchema,
});

export type SealedPlan = z.infer<typeof sealedSchema>;
type Fingerprint = z.infer<typeof fingerprintSchema>;

/** What a plan rests on: it is run only while all of this is as it was. */
export interface PlanGround {
  readonly runbook: Runbook;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly topology: Topology;
}

/** Writes a plan with what it rests on. The file holds no secret. */
export async function sealPlan(plan: Plan, ground: PlanGround, file: string): Promise<void> {
  const salt = randomBytes(16).toString("hex");
  const sealed: SealedPlan = {
    schema: 1,
    plan,
    ref: ground.runbook.source.path,
    inputs: { ...ground.inputs },
    salt,
    secrets: hmacs(ground.secrets, salt),
    fingerprint: fingerprintOf(ground.topology),
  };
  await writeFile(file, `${JSON.stringify(sealed, null, 2)}\n`, { mode: 0o600 });
}

/** Reads a sealed plan. Fails with PLAN_UNREADABLE. */
export async function readSealedPlan(file: string): Promise<SealedPlan> {
  try {
    return sealedSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    const first =
      error instanceof z.ZodError
        ? `${error.issues[0]?.path.join(".")}: ${error.issues[0]?.message}`
        : messageOf(error);
    throw new RedishaError({
      code: "PLAN_UNREADABLE",
      message: `${file} is not a plan of this version: ${first}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: ["make it again: redisha run … --dry-run --plan-out FILE"],
      cause: error,
    });
  }
}

/** Fails with PLAN_STALE (exit 4), naming everything that moved, where the ground is not what it was. */
export function refuseStale(sealed: SealedPlan, ground: PlanGround): void {
  const moved = [
    ...(sealed.plan.runbook.digest === ground.runbook.source.digest ? [] : ["the text of the runbook"]),
    ...changedKeys(sealed.secrets, hmacs(ground.secrets, sealed.salt)).map((name) => `the secret ${name}`),
    ...movedInstances(sealed.fingerprint, fingerprintOf(ground.topology)),
  ];
  if (moved.length === 0) return;
  throw new RedishaError({
    code: "PLAN_STALE",
    message: `The plan of ${sealed.plan.created_at} is stale: ${moved.join("; ")}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["look at it anew: redisha run … --dry-run --plan-out FILE"],
  });
}

function fingerprintOf(topology: Topology): Fingerprint {
  const data = topology.nodes.map((node) => {
    const follows = node.primary_id ? ` of ${node.primary_id}` : "";
    return [node.id, `${node.up ? node.role : "down"}${follows}, ${node.version ?? "version unknown"}`] as const;
  });
  const sentinels = topology.sentinels.map(
    (node) => [node.id, `${node.up ? "sentinel" : "down"} of ${node.primary_id ?? "nobody"}`] as const,
  );
  const epochs = topology.sentinels.flatMap(({ config_epoch }) => (config_epoch === null ? [] : [config_epoch]));
  return {
    primary: topology.primary_id,
    instances: Object.fromEntries([...data, ...sentinels]),
    epoch: topology.cluster?.epoch ?? (epochs.length > 0 ? Math.max(...epochs) : null),
  };
}

function movedInstances(was: Fingerprint, is: Fingerprint): string[] {
  const moved = changedKeys(was.instances, is.instances).map(
    (id) => `${id} was ${was.instances[id] ?? "not there"}, is ${is.instances[id] ?? "not there"}`,
  );
  if (moved.length === 0 && was.epoch !== is.epoch)
    moved.push(`a failover happened: epoch ${was.epoch} is ${is.epoch}`);
  return moved;
}

function hmacs(secrets: Readonly<Record<string, unknown>>, salt: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => {
      const clear = value instanceof Secret ? value.reveal() : String(value);
      return [name, createHmac("sha256", salt).update(clear).digest("hex")];
    }),
  );
}

function changedKeys(was: Readonly<Record<string, string>>, is: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((key) => was[key] !== is[key]);
}

import { nearest } from "../core/nearest.ts";
import { parseDuration } from "../core/units.ts";
import type { YamlPath } from "../core/yaml/yaml-source.ts";
import type { Effect } from "./effect.ts";
import type { Retry, Rollout, Targets } from "./model.ts";
import { successorOf } from "./retired-actions.ts";
import type { RawRetry, RawRollout, RawStep, RawTargets } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { compileTemplate } from "./template.ts";
import { expressionAt, type Unit } from "./unit.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_VERIFY_MS = 30_000;
const ONCE: Retry = { attempts: 1, delayMs: 0, backoff: 1, maxDelayMs: 0, jitter: false, on: [] };

/** A person may be away from the screen for longer than any server. */
const PERSON_TIMEOUT_MS = 24 * 3_600_000;

/** Milliseconds of a duration that the schema has let through. */
export function ms(text: string | undefined, fallback: number): number {
  return (text === undefined ? undefined : parseDuration(text)) ?? fallback;
}

export function timeoutOf(unit: Unit, step: RawStep): number {
  if (step.action === "confirm" && step.timeout === undefined) return PERSON_TIMEOUT_MS;
  return ms(step.timeout ?? unit.head.defaults?.timeout, DEFAULT_TIMEOUT_MS);
}

/** Waits stay the same where no backoff is said, and stop growing at a minute. */
export function retryOf(retry: RawRetry | undefined): Retry {
  if (!retry) return ONCE;
  const delayMs = ms(retry.delay, 1_000);
  return {
    attempts: retry.attempts,
    delayMs,
    backoff: retry.backoff ?? 1,
    maxDelayMs: ms(retry.max_delay, Math.max(delayMs, 60_000)),
    jitter: retry.jitter ?? false,
    on: retry.on ?? [],
  };
}

/** Reads go to all targets at once; what changes something goes to one after the other, unless `rollout` says otherwise. */
export function rolloutOf(
  unit: Unit,
  rollout: RawRollout | undefined,
  path: YamlPath,
  effect: Effect,
  scope: Scope,
): Rollout {
  const written = rollout?.serial ?? (effect === "read" ? "all" : 1);
  const sizes = Array.isArray(written) ? written : [written];
  const pause = rollout?.pause_between;
  const pausePath = [...path, "rollout", "pause_between"];
  const base = {
    batches: sizes.map((size) =>
      typeof size === "string" && size !== "all" ? { percent: Number(size.slice(0, -1)) } : (size as number | "all"),
    ),
    maxFailures: rollout?.max_failures ?? 0,
  };
  if (pause === undefined) return { ...base, pauseBetweenMs: 0 };
  const literal = parseDuration(pause);
  if (literal !== undefined) return { ...base, pauseBetweenMs: literal };
  const template = compileTemplate(pause, pausePath, unit.source, scope, unit.problems);
  const [hole] = template.holes;
  if (
    !hole ||
    (hole.type && hole.type.kind !== "duration" && hole.type.kind !== "string" && hole.type.kind !== "dyn")
  ) {
    const message = `pause_between: expected a duration such as 30s, or \${{ }} that gives one`;
    unit.problems.add("RUNBOOK_SCHEMA", unit.source.position(pausePath), message);
  }
  return { ...base, pauseBetweenMs: 0, pauseBetween: template };
}

/** `host` in `where` and `order_by` is each candidate in turn. */
export function targetsOf(
  unit: Unit,
  targets: RawTargets | undefined,
  path: YamlPath,
  scope: Scope,
): Targets | undefined {
  if (!targets) return undefined;
  const at = (key: string): YamlPath => [...path, "targets", key];
  const where = expressionAt(unit, at("where"), targets.where, scope, "bool");
  const orderBy = expressionAt(unit, at("order_by"), targets.order_by, scope);
  if (orderBy && !["int", "double", "string", "bool", "dyn"].includes(orderBy.celType.kind)) {
    unit.problems.add("RUNBOOK_TARGETS", orderBy.position, `order_by: ${orderBy.type} has no order`);
  }
  const allowed = unit.head.requires?.topology;
  if (targets.role === "sentinel" && allowed && !allowed.includes("sentinel")) {
    const message = `there are no Sentinels in the topologies this runbook requires: ${allowed.join(", ")}`;
    unit.problems.add("RUNBOOK_TARGETS", unit.source.position(at("role")), message);
  }
  return {
    role: targets.role,
    resolve: targets.resolve ?? "plan",
    ...(where ? { where } : {}),
    ...(targets.hosts ? { hosts: targets.hosts } : {}),
    ...(orderBy ? { orderBy } : {}),
    ...(targets.limit === undefined ? {} : { limit: targets.limit }),
    ...(targets.per === "host" ? { per: "host" as const } : {}),
  };
}

export function verifyOf(unit: Unit, step: RawStep, path: YamlPath, scope: Scope) {
  const that = expressionAt(unit, [...path, "verify", "that"], step.verify?.that, scope, "bool");
  return that ? { verify: { that, withinMs: ms(step.verify?.within, DEFAULT_VERIFY_MS) } } : {};
}

/** What to do about a name that is not in the catalogue: what took its place, or "did you mean". */
export function nearestAction(unit: Unit, name: string): string | undefined {
  const successor = successorOf(name);
  if (successor !== undefined) return successor;
  const near = nearest(name, unit.catalog.keys());
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

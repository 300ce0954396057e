import recorded from "./recorded-directives.json" with { type: "json" };
import { type EngineVersion, nearestRecorded } from "./recorded-engine.ts";

export type { EngineVersion };

export interface KnownDirective {
  /** Value it has where the file says nothing; null for one that is taken for old files' sake and has no effect. */
  readonly default: string | null;
}

/** By directive, by recorded engine such as `redis-7.0`. */
const RECORDED: Readonly<Record<string, Readonly<Record<string, string | null>>>> = recorded;

const ENGINES = [...new Set(Object.values(RECORDED).flatMap((of) => Object.keys(of)))];

/**
 * What this server knows of a directive; undefined where it would refuse a file that has it. Recorded from real servers;
 * a release between two that were recorded is taken for the older of them, which knows less.
 */
export function knownDirective(name: string, engine: EngineVersion): KnownDirective | undefined {
  const key = nearestRecorded(engine, ENGINES);
  const value = key === undefined ? undefined : RECORDED[name]?.[key];
  return value === undefined ? undefined : { default: value };
}

/** Whether any recorded server knows it: what none does is Sentinel's, or nothing. */
export function isDirective(name: string): boolean {
  return RECORDED[name] !== undefined;
}

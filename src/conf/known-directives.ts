import recorded from "./recorded-directives.json" with { type: "json" };

/** What a server is, as it tells itself: `redis` `7.0.15`, `valkey` `9.1.2`. */
export interface EngineVersion {
  readonly name: string;
  readonly version: string;
}

export interface KnownDirective {
  /** Value it has where the file says nothing; null for one that is taken for old files' sake and has no effect. */
  readonly default: string | null;
}

/** By directive, by recorded engine such as `redis-7.0`. */
const RECORDED: Readonly<Record<string, Readonly<Record<string, string | null>>>> = recorded;

const ENGINES = [...new Set(Object.values(RECORDED).flatMap((of) => Object.keys(of)))].map((key) => {
  const [name = "", version = ""] = key.split("-");
  return { key, name, release: releaseOf(version) };
});

/**
 * What this server knows of a directive; undefined where it would refuse a file that has it. Recorded from real servers;
 * a release between two that were recorded is taken for the older of them, which knows less.
 */
export function knownDirective(name: string, engine: EngineVersion): KnownDirective | undefined {
  const key = recordedEngine(engine);
  const value = key === undefined ? undefined : RECORDED[name]?.[key];
  return value === undefined ? undefined : { default: value };
}

/** Whether any recorded server knows it: what none does is Sentinel's, or nothing. */
export function isDirective(name: string): boolean {
  return RECORDED[name] !== undefined;
}

/** The newest recorded release of the same engine that is not newer; the oldest one where all are. */
function recordedEngine({ name, version }: EngineVersion): string | undefined {
  const wanted = releaseOf(version);
  const same = ENGINES.filter((engine) => engine.name === name).sort((a, b) => b.release - a.release);
  return (same.find(({ release }) => release <= wanted) ?? same.at(-1))?.key;
}

/** `7.0.15` as 7000. */
function releaseOf(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1_000 + minor;
}

/** What a server is, as it tells itself: `redis` `7.0.15`, `valkey` `9.1.2`. */
export interface EngineVersion {
  readonly name: string;
  readonly version: string;
}

/**
 * Of engines that were recorded, `redis-7.0`, the newest one of the same project that is not newer than the release, which
 * knows less; the oldest one where all are. Undefined where none is of that project.
 */
export function nearestRecorded({ name, version }: EngineVersion, engines: readonly string[]): string | undefined {
  const wanted = releaseOf(version);
  const same = engines
    .map((key) => ({ key, name: key.split("-")[0], release: releaseOf(key.split("-")[1] ?? "") }))
    .filter((engine) => engine.name === name)
    .sort((a, b) => b.release - a.release);
  return (same.find(({ release }) => release <= wanted) ?? same.at(-1))?.key;
}

/** `7.0.15` as 7000. */
function releaseOf(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1_000 + minor;
}

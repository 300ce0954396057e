import { compareVersions } from "../runbook/versions.ts";

/** What a server is or is to become: `redis` `7.0.15`, `valkey` `9.1.2`. */
export interface Release {
  readonly engine: string;
  readonly version: string;
}

/** `Redis 7.0.15`, as messages name it. */
export function shown({ engine, version }: Release): string {
  return `${engine.charAt(0).toUpperCase()}${engine.slice(1)} ${version}`;
}

/** `7.0` of `7.0.15`: releases of one series read each other's files and commands. */
export function seriesOf({ version }: Pick<Release, "version">): string {
  const [major = 0, minor = 0] = numbers(version);
  return `${major}.${minor}`;
}

export function majorOf({ version }: Pick<Release, "version">): number {
  return numbers(version)[0] ?? 0;
}

/** Whether what runs is what was asked for: `9.1` asks for any 9.1.x. */
export function isRelease(running: Release, wanted: Release): boolean {
  const asked = numbers(wanted.version);
  const has = numbers(running.version);
  return running.engine === wanted.engine && asked.every((part, at) => has[at] === part);
}

/** Whether both are of one engine and the second is the older one. */
export function isOlder(than: Release, other: Release): boolean {
  return than.engine === other.engine && compareVersions(other.version, than.version) < 0;
}

function numbers(version: string): number[] {
  const bare = version.replace(/^\d+:/, "").match(/^\d+(\.\d+)*/)?.[0] ?? "";
  return bare === "" ? [] : bare.split(".").map(Number);
}

import recorded from "./recorded-commands.json" with { type: "json" };
import { type EngineVersion, nearestRecorded } from "./recorded-engine.ts";

/** Commands of a release, `get` or `config|set`, and the categories of ACL that each is in. Recorded from real servers. */
export type KnownCommands = ReadonlyMap<string, readonly string[]>;

/** What a release knows; undefined for a project of which none was recorded. */
export function knownCommands(release: EngineVersion): KnownCommands | undefined {
  const at = recorded.engines.indexOf(nearestRecorded(release, recorded.engines) ?? "");
  if (at === -1) return undefined;
  const commands: Readonly<Record<string, readonly (number | null)[]>> = recorded.commands;
  return new Map(
    Object.entries(commands).flatMap(([name, of]): [string, string[]][] => {
      const set = of[at] ?? null;
      return set === null ? [] : [[name, (recorded.sets[set] ?? "").split(" ")]];
    }),
  );
}

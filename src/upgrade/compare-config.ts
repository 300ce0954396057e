import type { Directive } from "../conf/conf-file.ts";
import { type EngineVersion, knownDirective } from "../conf/known-directives.ts";

/** What becomes of a configuration when another release reads it. */
export interface ConfigDifferences {
  /** Directives of the file that the target refuses to start with. */
  readonly unknown: readonly string[];
  /** Directives of the file that had an effect and have none there. */
  readonly ignored: readonly string[];
  /** What is not said in the file, and means something else there. */
  readonly defaults: readonly { readonly name: string; readonly from: string; readonly to: string }[];
}

/** Written by Sentinel into its own file; every release knows it. */
const SENTINELS_OWN = "sentinel";

/** Holds the directives of a file, by name, against what two releases know of them. */
export function compareConfig(
  written: readonly string[],
  values: Readonly<Record<string, string>>,
  from: EngineVersion,
  to: EngineVersion,
): ConfigDifferences {
  const names = [...new Set(written)].filter((name) => name !== SENTINELS_OWN);
  const known = (name: string, release: EngineVersion) => knownDirective(name, release);
  const unknown = names.filter((name) => known(name, from) !== undefined && known(name, to) === undefined);
  const ignored = names.filter((name) => known(name, from)?.default != null && known(name, to)?.default === null);
  const unsaid = Object.keys(values).filter((name) => !names.includes(name));
  const defaults = unsaid.flatMap((name) => {
    const [was, is] = [known(name, from)?.default, known(name, to)?.default];
    // Where the value is no default by now, somebody has set it in memory, and a restart would lose it either way.
    return was != null && is != null && was !== is && values[name] === was ? [{ name, from: was, to: is }] : [];
  });
  return { unknown: unknown.sort(), ignored: ignored.sort(), defaults };
}

/** Users with more than one line: 6.0 adds the rules of the lines up, from 7.0 on a server does not start with that. */
export function usersTwice(directives: readonly Directive[]): string[] {
  const names = directives.flatMap(({ name, values }) => (name === "user" ? (values[0] ?? []) : []));
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}

import type { Instance } from "../inventory/model.ts";
import type { Difference } from "./differences.ts";
import { upstreamOf } from "./read-host.ts";
import type { Situation } from "./situation.ts";

/** What is otherwise than declared and not init's to mend: somebody meant it so, or another command does it. */
export function leftAlone({ id, host, kind }: Instance, situation: Situation): Difference[] {
  const { drop_ins: dropIns = [] } = situation.instances[id] ?? {};
  const product = Object.keys(situation.hosts[host.name]?.installed ?? {});
  const name = product.find((each) => each.endsWith(kind === "sentinel" ? "-sentinel" : "-server"));
  const installed = name === undefined ? undefined : situation.hosts[host.name]?.installed[name];
  const package_ = installed === undefined ? undefined : upstreamOf(installed);
  const wanted = situation.version;
  const runs = situation.running.includes(id) ? situation.engine[id] : undefined;
  const others = name === undefined ? [] : otherVersions(name, host.name, situation);
  return [
    ...dropIns.map((path) => ({ name: `drop-in ${path}`, was: "there", will: "nothing of redisha's: look at it" })),
    ...(wanted !== null && package_ !== undefined && !fits(package_, wanted)
      ? [{ name: `package ${name}`, was: package_, will: `${wanted}, by redisha upgrade` }]
      : []),
    ...others.map((version) => ({
      name: `package ${name}`,
      was: situation.hosts[host.name]?.installed[name ?? ""] ?? null,
      will: `${version} as on other hosts, by redisha upgrade`,
    })),
    ...(runs !== undefined && package_ !== undefined && runs !== package_
      ? [{ name: "version that runs", was: runs, will: `${package_}, by a restart` }]
      : []),
  ];
}

/** The version that most other hosts have, where this one has another. */
function otherVersions(name: string, host: string, { hosts }: Situation): string[] {
  const count = new Map<string, number>();
  for (const { installed } of Object.values(hosts)) {
    const version = installed[name];
    if (version !== undefined) count.set(version, (count.get(version) ?? 0) + 1);
  }
  const [most] = [...count].sort(([, one], [, other]) => other - one);
  const own = hosts[host]?.installed[name];
  if (most === undefined || own === undefined || (count.get(own) ?? 0) >= most[1]) return [];
  return [most[0]];
}

function fits(version: string, wanted: string): boolean {
  return `${version}.`.startsWith(`${wanted}.`);
}

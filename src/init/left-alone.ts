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
  return [
    ...dropIns.map((path) => ({ name: `drop-in ${path}`, was: "there", will: "nothing of redisha's: look at it" })),
    ...(wanted !== null && package_ !== undefined && !fits(package_, wanted)
      ? [{ name: `package ${name}`, was: package_, will: `${wanted}, by redisha upgrade` }]
      : []),
    ...(runs !== undefined && package_ !== undefined && runs !== package_
      ? [{ name: "version that runs", was: runs, will: `${package_}, by a restart` }]
      : []),
  ];
}

function fits(version: string, wanted: string): boolean {
  return `${version}.`.startsWith(`${wanted}.`);
}

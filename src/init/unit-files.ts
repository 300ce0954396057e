import { dirname } from "node:path/posix";
import type { Deployment, Instance } from "../inventory/model.ts";
import { ownPort } from "../inventory/ports.ts";
import { renderTemplate } from "../render/template.ts";
import { renderUnit } from "../render/unit.ts";
import type { DesiredFile } from "./desired.ts";
import { executablesOf } from "./executables.ts";
import { homeOf } from "./homes.ts";
import { unitLinesOf } from "./lines.ts";

/** What interpreters of scripts lie in. */
const INTERPRETERS = ["/bin", "/usr/bin"];

/** What systemd has to know of an instance, beside what a package brings. */
export function unitFiles(instance: Instance, deployment: Deployment): DesiredFile[] {
  return deployment.engine.source === "directory" ? ownUnit(instance, deployment) : dropIn(instance, deployment);
}

/** Programs from a directory have no unit but the one that they are given here. */
function ownUnit(instance: Instance, deployment: Deployment): DesiredFile[] {
  const { engine, name } = deployment;
  if (engine.directory === undefined) return [];
  const { unit, user, conf, data, log, pid } = homeOf(deployment, instance);
  const rendered = renderUnit({
    ...{
      id: instance.id,
      deployment: name,
      port: ownPort(instance),
      conf,
      user,
      sentinel: instance.kind === "sentinel",
    },
    program: `${engine.directory}/bin/${engine.name}-server`,
    runtime: dirname(pid).replace("/run/", ""),
    writes: [...new Set([dirname(conf), data, dirname(log)])],
  });
  return [unitFile(unit, rendered)];
}

/** Debian's units run nothing but the server itself, from 7.0 on: neither a script nor a module elsewhere. */
function dropIn(instance: Instance, deployment: Deployment): DesiredFile[] {
  const paths = executablesOf(instance, deployment);
  if (paths.length === 0) return [];
  const more = instance.kind === "sentinel" ? INTERPRETERS : [];
  const rendered = renderTemplate("systemd/executables.conf.eta", { paths: [...more, ...paths] });
  return [unitFile(`${homeOf(deployment, instance).unit}.d/50-redisha-executables.conf`, rendered)];
}

function unitFile(name: string, rendered: string): DesiredFile {
  const path = `/etc/systemd/system/${name}`;
  return { path, owner: "root:root", mode: "0644", kind: "unit", rendered, merged: () => unitLinesOf(rendered) };
}

import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { inventoryFile } from "./inventory-file.ts";
import { checkLabName, labsRoot } from "./paths.ts";
import { findProcesses, mainProcess } from "./processes.ts";
import type { LabStatus, ProcessStatus } from "./results.ts";
import { type LabSpec, logOf, readSpec } from "./spec.ts";

/** Lists the labs, or the one that is asked for. A folder that `up` left half-made is not listed; `down` removes it. */
export async function labPs(options: { name?: string; root?: string }): Promise<LabStatus[]> {
  const root = await realpath(labsRoot(options.root)).catch(() => undefined);
  if (!root) return [];
  const names = options.name === undefined ? (await readdir(root)).sort() : [checkLabName(options.name)];
  const specs = await Promise.all(names.map((name) => readSpec(join(root, name))));
  return specs.filter((spec) => spec !== undefined).map(statusOf);
}

/** Which of the lab's processes run, by the kernel's word. */
export function statusOf(spec: LabSpec): LabStatus {
  const found = findProcesses(spec.folder);
  const processes = spec.processes.map((node): ProcessStatus => {
    const main = mainProcess(found, logOf(node));
    return {
      id: node.id,
      host: node.host,
      service: node.service,
      address: node.address,
      port: node.port,
      state: main ? (main.stopped ? "stopped" : "running") : "dead",
      pid: main?.pid ?? null,
      log: logOf(node),
    };
  });
  const { name, folder, topology, engine, tls, auth, created_at } = spec;
  return {
    name,
    folder,
    file: inventoryFile(spec),
    topology,
    engine: { name: engine.name, version: engine.version },
    tls,
    auth,
    created_at,
    processes,
  };
}

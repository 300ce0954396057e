import { type Credentials, readCredentials } from "./credentials.ts";
import { stopGently } from "./kill.ts";
import { withLabLock } from "./lock.ts";
import { familyOf, findProcesses, mainProcess, sendSignal } from "./processes.ts";
import type { RestartResult } from "./results.ts";
import { type LabProcess, type LabSpec, logOf } from "./spec.ts";
import { startProcess } from "./start.ts";
import { needLab, processesNamed } from "./target.ts";

/**
 * Restarts processes of a lab, all at once, with the configuration and data that they have by now; a dead one is
 * started, a stopped one woken first. Without targets, the whole lab. Returns once each answers.
 */
export async function labRestart(
  options: { name?: string; root?: string; targets?: readonly string[] },
  signal?: AbortSignal,
): Promise<RestartResult[]> {
  const spec = await needLab(options);
  return withLabLock(`${spec.folder}.lock`, `restart --name ${spec.name}`, async () => {
    const credentials = await readCredentials(spec);
    const nodes = options.targets?.length ? processesNamed(spec, options.targets) : spec.processes;
    const before = findProcesses(spec.folder);
    await stopGently(nodes.flatMap((node) => familyOf(before, logOf(node))));
    await startNodes(spec, nodes, credentials, signal);
    const after = findProcesses(spec.folder);
    return nodes.map((node) => ({
      id: node.id,
      service: node.service,
      was_running: mainProcess(before, logOf(node)) !== undefined,
      pid: mainProcess(after, logOf(node))?.pid ?? null,
    }));
  });
}

/** Starts what is dead and wakes what is stopped, for a caller that holds the lab's lock. Returns the ids of these. */
export async function startMissing(spec: LabSpec, signal?: AbortSignal): Promise<string[]> {
  const found = findProcesses(spec.folder);
  for (const process of found) if (process.stopped) sendSignal(process, "SIGCONT");
  const dead = spec.processes.filter((node) => mainProcess(found, logOf(node)) === undefined);
  const stopped = spec.processes.filter((node) => mainProcess(found, logOf(node))?.stopped);
  await startNodes(spec, dead, await readCredentials(spec), signal);
  return [...dead, ...stopped].map((node) => node.id);
}

async function startNodes(
  spec: LabSpec,
  nodes: readonly LabProcess[],
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(nodes.map((node) => startProcess(spec, node, credentials, signal)));
}

import { access, mkdir, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { releaseNetworks } from "./addresses.ts";
import { withLabLock } from "./lock.ts";
import { checkLabName, labsRoot } from "./paths.ts";
import { findProcesses, sendSignal, waitUntilGone } from "./processes.ts";
import type { LabDown } from "./results.ts";

/**
 * Ends every process of a lab and removes its folder and its claim on addresses, also where `up` was killed half-way.
 * With `all`, of every lab. A lab that is not there is no error: the answer is an empty list.
 */
export async function labDown(options: { name?: string; all?: boolean; root?: string }): Promise<LabDown[]> {
  const asked = labsRoot(options.root);
  const root = await realpath(asked).catch(() => undefined);
  if (!root) return [];
  const names = options.all ? await labNames(root) : [checkLabName(options.name ?? "lab")];
  const results: LabDown[] = [];
  for (const name of names) {
    const folder = join(root, name);
    const result = await withLabLock(`${folder}.lock`, `down --name ${name}`, () => takeDown(name, folder));
    if (result) results.push(result);
  }
  return results;
}

/** Makes the folder of a new lab, marked so that no command ever removes a folder that is not a lab's. */
export async function createFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, MARKER), "This folder is a redisha lab: redisha lab down removes it whole.\n");
}

const MARKER = ".redisha-lab";

/** Does the work of `labDown` for a caller that holds the lab's lock. Undefined where there was nothing. */
export async function takeDown(name: string, folder: string): Promise<LabDown | undefined> {
  const content = await readdir(folder).catch(() => undefined);
  const there = content !== undefined;
  if (there && content.length > 0 && !content.includes(MARKER)) {
    throw new RedishaError({
      code: "LAB_FOLDER_FOREIGN",
      message: `${folder} is not the folder of a lab`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: ["take another --name or another --dir"],
    });
  }
  const ended = await endProcesses(folder);
  // A file may still appear while its writer is being ended: by now there is none left, so one more pass finds all.
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  await releaseNetworks(folder);
  return there || ended > 0 ? { name, folder, processes_ended: ended } : undefined;
}

/** Kills until no process of the lab is left: one that is about to start another can be caught only after it did. */
async function endProcesses(folder: string): Promise<number> {
  let ended = 0;
  for (let found = findProcesses(folder); found.length > 0; found = findProcesses(folder)) {
    const killed = found.filter((each) => sendSignal(each, "SIGKILL"));
    ended += killed.length;
    if (!(await waitUntilGone(killed, 10_000))) {
      throw new RedishaError({
        code: "LAB_PROCESS_SURVIVES",
        message: `not ended after SIGKILL and 10 seconds: pid ${killed.map((each) => each.pid).join(", ")}`,
        state: "the lab's folder is still there",
        next: ["look at their state with: ps -o pid,stat,wchan:30,args -p PID"],
      });
    }
  }
  return ended;
}

/** Names of labs, whole or half-made, that stand in a folder. A lock alone counts too: its holder may have died with nothing else made. */
async function labNames(root: string): Promise<string[]> {
  const names = new Set<string>();
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const marked = access(join(root, entry.name, MARKER)).then(
      () => true,
      () => false,
    );
    if (entry.name.endsWith(".lock")) names.add(entry.name.slice(0, -".lock".length));
    else if (entry.isDirectory() && (await marked)) names.add(entry.name);
  }
  return [...names].sort();
}

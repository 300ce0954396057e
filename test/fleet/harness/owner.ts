import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./wait.ts";

/** Who a fleet belongs to: a process, with whose end the fleet ends, or nobody, until somebody takes it down. */
type Owner = ProcessMark | "nobody";

/** One process, also where its pid is given again: the kernel tells another start of that one. */
interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

/** Writes down in a fleet's folder whether it belongs to this process. */
export function claimFor(folder: string, owned: boolean): void {
  const owner: Owner = owned ? ourselves() : "nobody";
  writeFileSync(join(folder, "owner.json"), JSON.stringify(owner));
}

/** True where a fleet's owner is no more; not where nobody has claimed it: then another process is at making or removing it. */
export function isOrphan(folder: string): boolean {
  const file = join(folder, "owner.json");
  if (!existsSync(file)) return false;
  const owner: Owner = JSON.parse(readFileSync(file, "utf8"));
  return owner !== "nobody" && !lives(owner);
}

/** True where it stays until somebody takes it down. */
export function isKept(folder: string): boolean {
  return readFileSync(join(folder, "owner.json"), "utf8") === '"nobody"';
}

/**
 * Lets one caller at a time take a fleet down: true for the one that is to do it; false, once the folder is gone, for one
 * that came while another was at it. Where that other was killed half-way, the next one goes on.
 */
export async function mayTakeDown(folder: string): Promise<boolean> {
  const file = join(folder, "taker.json");
  let ours = false;
  await waitFor(`another process to take down ${folder}`, 120_000, () => {
    if (!existsSync(folder)) return true;
    try {
      writeFileSync(file, JSON.stringify(ourselves()), { flag: "wx" });
      ours = true;
    } catch {
      if (takerIsGone(file)) rmSync(file, { force: true });
    }
    return ours;
  });
  return ours;
}

function takerIsGone(file: string): boolean {
  try {
    return !lives(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // Being written, or gone with everything.
    return false;
  }
}

function ourselves(): ProcessMark {
  return { pid: process.pid, started: startOf(process.pid) ?? "" };
}

function lives({ pid, started }: ProcessMark): boolean {
  return startOf(pid) === started;
}

/** When a process started, in ticks since this machine did; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; the start is the 20th field after it.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

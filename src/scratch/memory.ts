import { readFile, writeFile } from "node:fs/promises";
import { freemem } from "node:os";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { formatBytes } from "../core/units.ts";

/** Refuses to load what would not fit into the memory that is free now: SCRATCH_NO_MEMORY. `bytes` as the server that had it used. */
export async function refuseTooLarge(bytes: number): Promise<void> {
  const available = await availableMemory();
  if (bytes <= available) return;
  throw new RedishaError({
    code: "SCRATCH_NO_MEMORY",
    message: `A scratch server would need ${formatBytes(bytes)} of memory; ${formatBytes(available)} are available.`,
    exit: EXIT.gateRefused,
    state: "nothing was started",
    next: ["free -h", "run it on a machine with more memory"],
  });
}

/** Lets the kernel take the scratch server first where memory runs out: what else runs here matters more. */
export async function sacrificeFirst(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/oom_score_adj`, "1000").catch(() => undefined);
}

/** What the kernel could give without swapping. Free memory alone leaves out what is only a cache. */
async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "latin1").catch(() => "");
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}

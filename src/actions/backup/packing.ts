import type { Progress } from "../../repository/pipeline/pack-file.ts";
import type { Store } from "../../repository/store.ts";
import type { ActionContext } from "../contract.ts";

/** An attempt that was cut off may have stored what this one stores again. */
export async function removeEarlier(store: Store, prefix: string, signal: AbortSignal): Promise<void> {
  for await (const { key } of store.list(prefix, signal)) await store.delete(key);
}

const REPORT_MS = 250;

/** Tells bytes, their rate and the time that is left, a few times a second. */
export function progressOf(context: ActionContext, total: number | undefined): (at: Progress) => void {
  const started = performance.now();
  let last = started;
  return ({ raw }) => {
    const now = performance.now();
    if (now - last < REPORT_MS) return;
    last = now;
    const rate = Math.round(raw / 1_048_576 / Math.max(0.001, (now - started) / 1_000));
    const left = total && raw > 0 ? Math.ceil(((total - raw) * (now - started)) / raw / 1_000) : 0;
    const text = left > 0 ? `${rate} MiB/s, ${left} s left` : `${rate} MiB/s`;
    context.progress(text, { done: raw, unit: "bytes", ...(total === undefined || raw > total ? {} : { total }) });
  };
}

import type { Progress } from "../../repository/pipeline/pack-file.ts";
import type { Store } from "../../repository/store.ts";
import type { ActionContext } from "../contract.ts";

/** An attempt that was cut off may have stored what this one stores again. */
export async function removeEarlier(store: Store, prefix: string, signal: AbortSignal): Promise<void> {
  for await (const { key } of store.list(prefix, signal)) await store.delete(key);
}

const REPORT_MS = 250;

/** Tells how far a file is, in its plain bytes, a few times a second: `did` is what is done with them (`stored`). */
export function progressOf(context: ActionContext, did: string, total: number | undefined): (at: Progress) => void {
  const tell = tellBytes(context, did, total);
  return ({ raw }) => tell(raw);
}

/** The same for bytes of any kind. Their rate and the time that is left are made of it by whoever shows it. */
export function tellBytes(context: ActionContext, did: string, total: number | undefined): (done: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done) => {
    const now = performance.now();
    if (now - last < REPORT_MS) return;
    last = now;
    context.progress(did, { done, unit: "bytes", ...(total === undefined || done > total ? {} : { total }) });
  };
}

import type { RoleSample } from "./recording.ts";
import type { DrillReport } from "./report-schema.ts";

type Resync = DrillReport["resyncs"][number];

/** Counters and links are polled: the link may be seen up this much before the counter of its primary, in milliseconds. */
const POLLING_SLACK = 1_000;

/**
 * Resyncs since `since`. Redis counts them on the side that serves them (`sync_full`, `sync_partial_ok` of INFO); each is
 * put down to the replica whose link to that server came up next.
 */
export function resyncsOf(roles: ReadonlyMap<string, readonly RoleSample[]>, since: number): Resync[] {
  const joins = [...roles.values()].flatMap(joinsOf).filter(({ at }) => at > since);
  joins.sort((a, b) => a.at - b.at);
  const found = new Map<string, Resync>();
  for (const { at, server, kind } of [...roles.values()].flatMap(servedBy).sort((a, b) => a.at - b.at)) {
    if (at <= since) continue;
    const index = joins.findIndex((join) => join.server === server && join.at >= at - POLLING_SLACK);
    const replica = index === -1 ? null : (joins.splice(index, 1)[0]?.replica ?? null);
    const key = `${server} ${replica}`;
    const entry = found.get(key) ?? { replica, served_by: server, full: 0, partial: 0 };
    entry[kind] += 1;
    found.set(key, entry);
  }
  return [...found.values()];
}

/** Each resync that an instance served, when it was first seen. A process that was started anew counts from 0. */
function servedBy(samples: readonly RoleSample[]): { at: number; server: string; kind: "full" | "partial" }[] {
  const served: { at: number; server: string; kind: "full" | "partial" }[] = [];
  let full: number | undefined;
  let partial: number | undefined;
  for (const { at, instance, sync_full, sync_partial_ok } of samples) {
    for (let n = grown(full, sync_full); n > 0; n -= 1) served.push({ at, server: instance, kind: "full" });
    for (let n = grown(partial, sync_partial_ok); n > 0; n -= 1) served.push({ at, server: instance, kind: "partial" });
    full = sync_full ?? full;
    partial = sync_partial_ok ?? partial;
  }
  return served;
}

function grown(before: number | undefined, now: number | null): number {
  if (before === undefined || now === null) return 0;
  return now >= before ? now - before : now;
}

/** When the link of an instance to somebody came up: it was down, or led to another before. */
function joinsOf(samples: readonly RoleSample[]): { at: number; replica: string; server: string }[] {
  return samples.flatMap(({ at, instance, answers, link_up, follows }, index) => {
    if (!answers || link_up !== true || follows === null) return [];
    const before = samples[index - 1];
    if (before?.answers && before.link_up === true && before.follows === follows) return [];
    return [{ at, replica: instance, server: follows }];
  });
}

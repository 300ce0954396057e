import type { WriterKind } from "../inventory/model.ts";
import type { Origin } from "./analyse-origin.ts";
import { firstMark, tenths } from "./analyse-origin.ts";
import { type Gap, gapsOf, longest, silenceOf } from "./analyse-silence.ts";
import { percentile } from "./percentile.ts";
import type { Attempt, ProbeRecord, ReadBack, Recording } from "./recording.ts";
import type { ProbeReport } from "./report-schema.ts";

/** What one probe went through: outages, when it was back, what of its writes was lost. */
export function analyseProbe(
  recording: Recording,
  probe: ProbeRecord,
  { origin, clients }: { origin: Origin; clients: readonly WriterKind[] },
): ProbeReport {
  const { attempts } = probe;
  const since = origin.at;
  const gaps = [...gapsOf(attempts)];
  const outage = longest(gaps, since);
  const readBack = lastReadBack(recording, probe.name);
  const lost = readBack && new Set(readBack.lost);
  const lasting =
    lost &&
    longest(
      gapsOf(attempts, (each) => each.outcome === "acked" && !lost.has(each.seq)),
      since,
    );
  const acked = attempts.filter(({ outcome }) => outcome === "acked");
  const after = outage && !outage.open ? outage.to : since;
  return {
    name: probe.name,
    kind: probe.kind,
    shard: probe.shard,
    via: probe.via,
    timeout_ms: probe.timeout_ms,
    counted: probe.kind === "reader" || clients.includes(probe.kind),
    attempts: attempts.length,
    acked: acked.length,
    refused: attempts.filter(({ outcome }) => outcome === "refused").length,
    unknown: attempts.filter(({ outcome }) => outcome === "unknown").length,
    outage: silenceOf(outage, since),
    lasting_outage: silenceOf(lasting, since),
    failing_ms: tenths(
      gaps.filter((gap) => gap.failed && gap.to > since).reduce((sum, { from, to }) => sum + (to - from), 0),
    ),
    ...comeback(recording, probe, gaps, since),
    lost: readBack ? lossOf(recording, attempts, readBack, since) : null,
    lost_at_promotion: readBacksOf(recording, probe.name, "promoted")[0]?.lost.length ?? null,
    unknown_found: readBack?.unknown_found.length ?? null,
    refused_found: readBack?.refused_found.length ?? null,
    latency_before: latencyOf(acked.filter(({ ended }) => ended <= since)),
    latency_after: latencyOf(acked.filter(({ ended }) => ended > after)),
  };
}

/**
 * When the client was served again. On the shard of the fault that is its first answer after the origin from another
 * instance than the old primary; where nobody took over, or on another shard, its first answer after its longest failure.
 */
function comeback(
  { old_primary, new_primary, shard }: Recording,
  { attempts, shard: own }: ProbeRecord,
  gaps: readonly Gap[],
  since: number,
): Pick<ProbeReport, "first_write_ms" | "undisturbed"> {
  const later = attempts.filter(({ ended }) => ended > since);
  const failing = longest(
    gaps.filter(({ failed }) => failed),
    since,
  );
  if (own === shard && new_primary !== null) {
    const moved = later.filter(
      ({ outcome, node, sent }) => outcome === "acked" && node !== old_primary && sent > since,
    );
    const undisturbed = !failing && later.every(({ node }) => node !== old_primary);
    return { first_write_ms: undisturbed ? null : earliest(moved, since), undisturbed };
  }
  if (!failing) return { first_write_ms: null, undisturbed: true };
  return { first_write_ms: failing.open ? null : tenths(failing.to - since), undisturbed: false };
}

function earliest(attempts: readonly Attempt[], since: number): number | null {
  const first = attempts.reduce((least, { ended }) => Math.min(least, ended), Number.POSITIVE_INFINITY);
  return first === Number.POSITIVE_INFINITY ? null : tenths(first - since);
}

/** What counts in the end: the last look after the old primary has rejoined; without one, the last after the promotion. */
function lastReadBack(recording: Recording, probe: string): ReadBack | undefined {
  return readBacksOf(recording, probe, "rejoined").at(-1) ?? readBacksOf(recording, probe, "promoted").at(-1);
}

function readBacksOf({ read_backs }: Recording, probe: string, when: ReadBack["when"]): ReadBack[] {
  return read_backs.filter((each) => each.probe === probe && each.when === when).sort((a, b) => a.at - b.at);
}

function lossOf(
  { old_primary, marks }: Recording,
  attempts: readonly Attempt[],
  { lost }: ReadBack,
  since: number,
): ProbeReport["lost"] {
  const healed = firstMark(marks, "healed") ?? Number.POSITIVE_INFINITY;
  const bySeq = new Map(attempts.map((attempt) => [attempt.seq, attempt]));
  const split = { before_fault: 0, old_primary_after_fault: 0, after_heal: 0, elsewhere: 0 };
  for (const seq of lost) {
    const attempt = bySeq.get(seq);
    if (!attempt || (attempt.node !== old_primary && attempt.ended > since)) split.elsewhere += 1;
    else if (attempt.ended <= since) split.before_fault += 1;
    else if (attempt.ended <= healed) split.old_primary_after_fault += 1;
    else split.after_heal += 1;
  }
  return { total: lost.length, ...split };
}

function latencyOf(acked: readonly Attempt[]): ProbeReport["latency_before"] {
  if (acked.length === 0) return null;
  const sorted = acked.map(({ sent, ended }) => ended - sent).sort((a, b) => a - b);
  return {
    median_ms: tenths(percentile(sorted, 50)),
    p99_ms: tenths(percentile(sorted, 99)),
    max_ms: tenths(percentile(sorted, 100)),
  };
}

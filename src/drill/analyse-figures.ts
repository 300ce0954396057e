import { type Origin, tenths } from "./analyse-origin.ts";
import { type PhaseFigures, promotedAt } from "./analyse-phases.ts";
import { gapsOf, longest } from "./analyse-silence.ts";
import type { Recording, RoleSample } from "./recording.ts";
import type { DrillFigures, DrillReport, ProbeReport, Silence } from "./report-schema.ts";

interface Parts {
  readonly origin: Origin;
  readonly roles: ReadonlyMap<string, readonly RoleSample[]>;
  readonly times: PhaseFigures;
  readonly probes: readonly ProbeReport[];
  readonly resyncs: DrillReport["resyncs"];
  readonly staleness: DrillReport["staleness"];
  readonly both: DrillReport["two_primaries"];
}

/** The figures of a drill as one flat record: what a budget, an assertion and a trend look at. */
export function figuresOf(recording: Recording, parts: Parts): DrillFigures {
  const { origin, roles, times, probes, resyncs, staleness, both } = parts;
  const writers = probes.filter(({ kind }) => kind !== "reader");
  const counted = writers.filter((probe) => probe.counted);
  const write = worst(counted.map(({ outage }) => outage));
  const read = worst(probes.filter(({ kind }) => kind === "reader").map(({ outage }) => outage));
  const lasting = counted.map(({ lasting_outage }) => lasting_outage);
  return {
    write_outage_ms: write?.ms ?? null,
    write_outage_open: write?.open ?? false,
    write_outage_any_ms: worst(writers.map(({ outage }) => outage))?.ms ?? null,
    no_client_wrote_ms: noClientWrote(recording, origin.at),
    lasting_outage_ms: lasting.includes(null) ? null : (worst(lasting)?.ms ?? null),
    read_outage_ms: read?.ms ?? null,
    read_outage_open: read?.open ?? false,
    ...times,
    acked_writes: sum(writers.map(({ acked }) => acked)) ?? 0,
    lost_writes: sum(counted.map(({ lost }) => lost?.total)),
    lost_writes_any: sum(writers.map(({ lost }) => lost?.total)),
    lost_with_wait: sum(writers.filter(({ kind }) => kind === "wait_1").map(({ lost }) => lost?.total)),
    lost_without_wait: sum(writers.filter(({ kind }) => kind !== "wait_1").map(({ lost }) => lost?.total)),
    unknown_writes: sum(writers.map(({ unknown }) => unknown)) ?? 0,
    unknown_found: sum(writers.map(({ unknown_found }) => unknown_found)),
    refused_found: sum(writers.map(({ refused_found }) => refused_found)),
    two_primaries_ms: tenths(both.reduce((total, { from_ms, to_ms }) => total + (to_ms - from_ms), 0)),
    acked_by_old_after_promotion: ackedBeside(recording, promotedAt(recording, roles, origin.at)),
    resyncs_full: resyncs.reduce((total, { full }) => total + full, 0),
    resyncs_partial: resyncs.reduce((total, { partial }) => total + partial, 0),
    staleness_max_ms: staleness.length === 0 ? null : Math.max(...staleness.map(({ max_ms }) => max_ms)),
  };
}

/** One that had not ended is worse than any that had. */
function worst(silences: readonly (Silence | null)[]): Silence | undefined {
  return silences.filter((each) => each !== null).sort((a, b) => Number(b.open) - Number(a.open) || b.ms - a.ms)[0];
}

/** Null where nobody was asked, or one of them is not known: a sum of half of it would look like all. */
function sum(numbers: readonly (number | null | undefined)[]): number | null {
  if (numbers.length === 0) return null;
  let total = 0;
  for (const number of numbers) {
    if (number === null || number === undefined) return null;
    total += number;
  }
  return total;
}

function noClientWrote({ probes, shard }: Recording, since: number): number | null {
  const writers = probes.filter((probe) => probe.kind !== "reader" && probe.shard === shard);
  const gap = longest(gapsOf(writers.flatMap(({ attempts }) => attempts)), since);
  return gap ? tenths(gap.to - gap.from) : null;
}

/** Writes that the old primary acknowledged though another had been promoted. */
function ackedBeside({ probes, old_primary }: Recording, promoted: number | undefined): number {
  if (promoted === undefined) return 0;
  return probes
    .filter(({ kind }) => kind !== "reader")
    .flatMap(({ attempts }) => attempts)
    .filter(({ outcome, node, sent }) => outcome === "acked" && node === old_primary && sent > promoted).length;
}

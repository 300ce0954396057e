import { firstMark, type Origin, tenths } from "./analyse-origin.ts";
import { redundantSince } from "./analyse-roles.ts";
import type { ClusterSample, Recording, RoleSample, SentinelEvent } from "./recording.ts";
import type { DrillFigures, Phase, ProbeReport } from "./report-schema.ts";

export type PhaseFigures = Pick<
  DrillFigures,
  | "detection_ms"
  | "agreement_ms"
  | "election_ms"
  | "promotion_ms"
  | "switched_first_ms"
  | "switched_all_ms"
  | "first_write_ms"
  | "all_back_ms"
  | "old_primary_back_ms"
  | "old_primary_demoted_ms"
  | "link_up_ms"
  | "redundant_ms"
>;

/** When each thing that follows a fault came about, after it; null where it was not seen. */
export function phaseFigures(
  recording: Recording,
  roles: ReadonlyMap<string, readonly RoleSample[]>,
  probes: readonly ProbeReport[],
  { at: since }: Origin,
): PhaseFigures {
  const after = (at: number | undefined) => (at === undefined || at < since ? null : tenths(at - since));
  const event = (channel: string, mark: string, state?: ClusterSample["state"]) =>
    after(
      least([
        first(eventsOf(recording, channel, since)),
        first(saidInCluster(recording, state, since)),
        markSince(recording, mark, since),
      ]),
    );
  const switched = firstSwitches(recording, since);
  const old = (roles.get(recording.old_primary) ?? []).filter(({ at }) => at > since);
  const gone = old.findIndex(({ answers }) => !answers);
  const returned = gone === -1 ? undefined : old.slice(gone).find(({ answers }) => answers);
  const demoted = old.find(({ answers, role }) => answers && role === "replica");
  const linked = old.find(({ answers, role, link_up }) => answers && role === "replica" && link_up === true);
  const writers = probes.filter(({ kind, undisturbed }) => kind !== "reader" && !undisturbed);
  const counted = writers.filter((probe) => probe.counted).map(({ first_write_ms }) => first_write_ms);
  return {
    detection_ms: event("+sdown", "sdown", "pfail"),
    agreement_ms: event("+odown", "odown", "fail"),
    election_ms: event("+elected-leader", "elected"),
    promotion_ms: after(promotedAt(recording, roles, since)),
    switched_first_ms: after(least(switched)),
    switched_all_ms: after(switched.length === 0 ? undefined : Math.max(...switched)),
    first_write_ms: least(writers.map(({ first_write_ms }) => first_write_ms ?? undefined)) ?? null,
    all_back_ms: counted.length === 0 || counted.includes(null) ? null : Math.max(...counted.map((ms) => ms ?? 0)),
    old_primary_back_ms: after(returned?.at),
    old_primary_demoted_ms: after(demoted?.at),
    link_up_ms: after(linked?.at),
    redundant_ms: after(redundantSince(roles, since)),
  };
}

/** Another instance than the old primary says that it is primary, or Sentinel says it of one. */
export function promotedAt(
  recording: Recording,
  roles: ReadonlyMap<string, readonly RoleSample[]>,
  since: number,
): number | undefined {
  const { new_primary, old_primary } = recording;
  const seen = [...roles.values()].flat().filter(({ at, instance, answers, role }) => {
    const wanted = new_primary === null ? instance !== old_primary : instance === new_primary;
    return at > since && wanted && answers && role === "primary" && instance !== old_primary;
  });
  return least([
    first(seen),
    first(eventsOf(recording, "+promoted-slave", since)),
    markSince(recording, "promoted", since),
  ]);
}

const LABELS: Readonly<Record<keyof PhaseFigures, readonly [id: string, label: string]>> = {
  detection_ms: ["sdown", "detected (+sdown)"],
  agreement_ms: ["odown", "agreed (+odown)"],
  election_ms: ["elected", "leader elected"],
  promotion_ms: ["promoted", "promoted"],
  switched_first_ms: ["switched", "first +switch-master"],
  switched_all_ms: ["switched_all", "last +switch-master"],
  first_write_ms: ["first_write", "first write"],
  all_back_ms: ["all_back", "all clients back"],
  old_primary_back_ms: ["old_primary_back", "old primary answers"],
  old_primary_demoted_ms: ["old_primary_demoted", "old primary is a replica"],
  link_up_ms: ["link_up", "old primary's link up"],
  redundant_ms: ["redundant", "redundant again"],
};

/** Marks that a figure above tells better, or that are told at another place. */
const TOLD = new Set(["sdown", "odown", "elected", "promoted", "first_write", "redundant", "old_primary_back"]);
const MARK_LABEL: ReadonlyMap<string, string> = new Map([
  ["fault", "fault"],
  ["healed", "healed"],
  ["writes_paused", "writes paused"],
  ["writes_resumed", "writes resumed"],
  ["failover_ordered", "failover ordered"],
  ["old_primary_told", "old primary told"],
]);

function markLabel(name: string): string {
  return MARK_LABEL.get(name) ?? name.replaceAll("_", " ");
}

/** Everything that happened, in the order of time: what was measured and what was marked. */
export function phasesOf(recording: Recording, figures: PhaseFigures, { at: since }: Origin): Phase[] {
  const details: Partial<Record<keyof PhaseFigures, string>> = { promotion_ms: recording.new_primary ?? "" };
  const measured = Object.entries(LABELS).flatMap(([figure, [id, label]]) => {
    const after_ms = figures[figure as keyof PhaseFigures];
    return after_ms === null ? [] : [{ id, label, after_ms, detail: details[figure as keyof PhaseFigures] ?? "" }];
  });
  const marked = recording.marks
    .filter(({ name }) => !TOLD.has(name))
    .map(({ at, name, detail }) => ({
      id: name,
      label: recording.mode === "switchover" && name === "fault" ? "begins" : markLabel(name),
      after_ms: tenths(at - since),
      detail,
    }));
  // The sort is stable: where two came at once, what was done stands before what came of it.
  return [...marked, ...measured].sort((a, b) => a.after_ms - b.after_ms);
}

/** Each Sentinel's first word of the switch. */
function firstSwitches(recording: Recording, since: number): number[] {
  const bySentinel = new Map<string, number>();
  for (const { sentinel, at } of eventsOf(recording, "+switch-master", since)) {
    bySentinel.set(sentinel, Math.min(at, bySentinel.get(sentinel) ?? at));
  }
  return [...bySentinel.values()];
}

/** Events since the fault. Sentinel says `+sdown` of replicas and of other Sentinels too; those are left out. */
function eventsOf({ sentinel_events }: Recording, channel: string, since: number): SentinelEvent[] {
  return sentinel_events.filter((event) => {
    const aboutAnother = channel === "+sdown" && !event.payload.startsWith("master ");
    return event.channel === channel && event.at > since && !aboutAnother;
  });
}

/** What the nodes of a cluster say of the old primary, where Sentinels would. */
function saidInCluster(
  { cluster_samples, old_primary }: Recording,
  wanted: ClusterSample["state"] | undefined,
  since: number,
): ClusterSample[] {
  return cluster_samples.filter(({ at, about, state }) => at > since && about === old_primary && state === wanted);
}

function markSince({ marks }: Recording, name: string, since: number): number | undefined {
  return firstMark(
    marks.filter(({ at }) => at > since),
    name,
  );
}

function first(seen: readonly { readonly at: number }[]): number | undefined {
  return least(seen.map(({ at }) => at));
}

function least(times: readonly (number | undefined)[]): number | undefined {
  const there = times.filter((time) => time !== undefined);
  return there.length === 0 ? undefined : Math.min(...there);
}

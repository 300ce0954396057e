import { formatDuration } from "../../core/units.ts";
import type { DrillReport, ProbeReport, Silence } from "../../drill/report-schema.ts";

/** How a client behaves, in a word or two. */
export const PROBE_WORDS: Readonly<Record<ProbeReport["kind"], string>> = {
  re_resolve: "asks anew on error",
  subscriber: "follows +switch-master",
  sticky: "keeps its connection",
  wait_1: "WAIT 1",
  reader: "reads",
};

/** What was done, in words; modes that are not known here as they are. */
const MODE_WORDS: ReadonlyMap<string, string> = new Map([
  ["switchover", "planned switchover"],
  ["crash", "crash of the primary"],
  ["hang", "hang of the primary"],
  ["partition", "primary cut off from its peers"],
  ["partition_all", "primary cut off from everybody"],
  ["host", "reboot of the primary's host"],
  ["none", "nothing was broken"],
]);

export function modeWords(mode: string): string {
  return MODE_WORDS.get(mode) ?? mode.replaceAll("_", " ");
}

export function titleOf({ mode, deployment, shard }: DrillReport): string {
  return `Drill on ${deployment}${shard === "main" ? "" : ` (${shard})`}: ${modeWords(mode)}`;
}

const VERDICT_WORDS: Readonly<
  Record<DrillReport["verdict"]["state"], { word: string; tone: "good" | "warn" | "bad" }>
> = {
  within: { word: "within budget", tone: "good" },
  exceeded: { word: "over budget", tone: "bad" },
  unproven: { word: "proves nothing", tone: "warn" },
  no_budget: { word: "no budget set", tone: "warn" },
};

/** How a verdict reads, and how bad it is. */
export function verdictWords({ verdict }: { verdict: Pick<DrillReport["verdict"], "state"> }) {
  return VERDICT_WORDS[verdict.state];
}

/** The drill in a sentence or two: what went over the budget, how long clients stood still, what was lost, when it was whole. */
export function storyOf({ figures, verdict, probes, old_primary, new_primary }: DrillReport): string {
  const { write_outage_ms, write_outage_open, lost_writes, redundant_ms } = figures;
  const counted = probes.filter((probe) => probe.counted && probe.kind !== "reader");
  const acked = counted.reduce((sum, probe) => sum + probe.acked, 0);
  const writers = "no client that counts was without an acknowledged write for longer than";
  const parts = [
    new_primary === null ? `Nobody took over from ${old_primary}` : `${new_primary} took over from ${old_primary}`,
    ...(write_outage_ms === null
      ? []
      : [
          write_outage_open
            ? `a client did not come back within ${time(write_outage_ms)}`
            : `${writers} ${time(write_outage_ms)}`,
        ]),
    lost_writes === null
      ? "what was lost is not known"
      : `${lost_writes} of their ${acked} acknowledged writes were lost`,
    redundant_ms === null ? "full redundancy was not seen" : `redundant again after ${time(redundant_ms)}`,
  ];
  const lead = verdict.state === "within" || verdict.state === "no_budget" ? "" : `${verdict.summary} `;
  return `${lead}${parts.join("; ")}.`;
}

/** Milliseconds as a person reads them; `–` where they were not seen. */
export function time(ms: number | null): string {
  if (ms === null) return "–";
  if (ms > 0 && ms < 10) return `${ms.toFixed(1)}ms`;
  // An outage of seconds is compared with a budget and with the drill of last month: tenths would hide what changed.
  return ms >= 1_000 && ms < 60_000 ? `${Number((ms / 1_000).toFixed(2))}s` : formatDuration(ms);
}

/** A moment before or after the origin: `+5.0s`, `−120ms`. */
export function moment(ms: number): string {
  return `${ms < 0 ? "−" : "+"}${formatDuration(Math.abs(ms))}`;
}

/** Seconds with enough digits to tell two phases apart: `5.02s`. */
export function seconds(ms: number): string {
  return `${ms < 0 ? "−" : ""}${(Math.abs(ms) / 1_000).toFixed(2)}s`;
}

/** `6.2s`, `over 13s` where it had not ended. */
export function silence(it: Silence | null): string {
  if (!it) return "–";
  return it.open ? `over ${time(it.ms)}` : time(it.ms);
}

export function amount(count: number | null): string {
  return count === null ? "not known" : String(count);
}

/** A figure at a glance, with what the budget allows. */
export interface Headline {
  readonly label: string;
  readonly value: string;
  readonly limit: string;
  readonly tone: "good" | "bad" | "plain";
}

/** The figures that answer the questions asked first: how long, how much lost, when whole again. */
export function headlines({ figures, budget, verdict, probes }: DrillReport): Headline[] {
  const over = new Set(verdict.breaches.map(({ figure }) => figure));
  const tone = (figure: string, limit: number | null, actual: number | null) =>
    over.has(figure) ? "bad" : limit === null || actual === null ? "plain" : "good";
  const allowed = (limit: number | null, words: string | undefined) =>
    limit === null || words === undefined ? "no limit set" : `${words} allowed`;
  const open = (is: boolean, ms: number | null) => (is ? `over ${time(ms)}` : time(ms));
  const aside = probes.filter(({ counted, lost }) => !counted && lost !== null && lost.total > 0);
  const lostAside = aside.map(({ name, lost }) => `${name} ${lost?.total}`).join(", ");
  const lostLimit = allowed(budget.lost_writes, String(budget.lost_writes));
  return [
    {
      label: "Write outage",
      value: open(figures.write_outage_open, figures.write_outage_ms),
      limit: allowed(budget.write_outage_ms, time(budget.write_outage_ms)),
      tone: tone("write_outage_ms", budget.write_outage_ms, figures.write_outage_ms),
    },
    {
      label: "Lost writes",
      value: amount(figures.lost_writes),
      limit: lostAside === "" ? lostLimit : `${lostLimit}; not counted: ${lostAside}`,
      tone: tone("lost_writes", budget.lost_writes, figures.lost_writes),
    },
    {
      label: "Read outage",
      value: open(figures.read_outage_open, figures.read_outage_ms),
      limit: allowed(budget.read_outage_ms, time(budget.read_outage_ms)),
      tone: tone("read_outage_ms", budget.read_outage_ms, figures.read_outage_ms),
    },
    {
      label: "Redundant again",
      value: figures.redundant_ms === null ? "not seen" : time(figures.redundant_ms),
      limit: allowed(budget.recovery_ms, time(budget.recovery_ms)),
      tone: tone("redundant_ms", budget.recovery_ms, figures.redundant_ms),
    },
    {
      label: "Two primaries",
      value: time(figures.two_primaries_ms),
      limit: `${figures.acked_by_old_after_promotion} writes acknowledged by the old one meanwhile`,
      tone: "plain",
    },
  ];
}

/** A line about loss by when it was acknowledged; empty where nothing was lost. */
export function lossWords({ lost }: ProbeReport): string {
  if (!lost || lost.total === 0) return "";
  const parts = [
    [lost.before_fault, "before the fault"],
    [lost.old_primary_after_fault, "by the old primary after the fault"],
    [lost.after_heal, "by the old primary after it was healed"],
    [lost.elsewhere, "by another instance"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, when]) => `${count} acknowledged ${when}`)
    .join(", ");
}

/** The line on which the exactness of all figures rests. */
export function clockWords({ clock }: DrillReport): string {
  return `Measured by ${clock.source}, resolution ${clock.resolution_ms < 0.001 ? "below 0.001" : Number(clock.resolution_ms.toPrecision(2))} ms; the measuring process itself was at worst ${clock.delay_max_ms.toFixed(1)} ms late (99% of the time at most ${clock.delay_p99_ms.toFixed(1)} ms), so that no figure is off by more than ${clock.error_bound_ms} ms and the time between two looks.`;
}

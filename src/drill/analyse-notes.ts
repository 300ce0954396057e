import type { Origin } from "./analyse-origin.ts";
import { promotionsOf } from "./analyse-roles.ts";
import type { Recording, RoleSample } from "./recording.ts";
import type { DrillFigures, ProbeReport } from "./report-schema.ts";

interface Parts {
  readonly origin: Origin;
  readonly roles: ReadonlyMap<string, readonly RoleSample[]>;
  readonly figures: DrillFigures;
  readonly probes: readonly ProbeReport[];
}

/** What a reader has to know to trust the figures: what was not measured, what had not ended, what else happened. */
export function notesOf(recording: Recording, { origin, roles, figures, probes }: Parts): string[] {
  const { mode, new_primary, clock } = recording;
  const writers = probes.filter(({ kind }) => kind !== "reader");
  const unread = writers.filter(({ lost }) => lost === null).map(({ name }) => name);
  const early = writers.filter(
    ({ name, lost }) =>
      lost !== null && !recording.read_backs.some((each) => each.probe === name && each.when === "rejoined"),
  );
  const away = probes.filter(({ outage }) => outage?.open).map(({ name }) => name);
  return [
    ...(mode !== "none" && new_primary === null ? ["No other primary was seen: nobody took over."] : []),
    ...againFailedOver(promotionsOf(roles, origin.at), origin, writers),
    ...(unread.length > 0 ? [`Nothing was read back for ${unread.join(", ")}: what they lost is not known.`] : []),
    ...(early.length > 0
      ? [`Nothing was read back after the old primary had rejoined for ${early.map(({ name }) => name).join(", ")}.`]
      : []),
    ...(away.length > 0 ? [`Not back when the recording ended: ${away.join(", ")}.`] : []),
    ...(mode !== "none" && figures.redundant_ms === null
      ? ["Full redundancy was not reached while the recording went on."]
      : []),
    ...(clock.delay_max_ms > 20
      ? [`The measuring process itself was up to ${Math.round(clock.delay_max_ms)} ms late: no figure is more exact.`]
      : []),
  ];
}

/** One that took over and was replaced, though nobody hurt it, served on until it was told: that is lost. */
function againFailedOver(
  promotions: ReturnType<typeof promotionsOf>,
  { at: since }: Origin,
  writers: readonly ProbeReport[],
): string[] {
  if (promotions.length < 2) return [];
  const each = promotions.map(({ instance, at }) => `${instance} after ${((at - since) / 1_000).toFixed(1)} s`);
  const lost = writers.reduce((sum, probe) => sum + (probe.lost?.elsewhere ?? 0), 0);
  return [
    `There was more than one failover: ${each.join(", then ")}. ${
      lost === 0
        ? "No acknowledged write was lost by that."
        : `${lost} acknowledged writes were lost by that: whoever is replaced serves on until it is told.`
    }`,
  ];
}

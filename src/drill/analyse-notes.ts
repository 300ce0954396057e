import type { Recording } from "./recording.ts";
import type { DrillFigures, ProbeReport } from "./report-schema.ts";

/** What a reader has to know to trust the figures: what was not measured, what had not ended. */
export function notesOf(recording: Recording, figures: DrillFigures, probes: readonly ProbeReport[]): string[] {
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

import type { DrillPolicy } from "../inventory/model.ts";
import { errorsOf } from "./analyse-errors.ts";
import { figuresOf } from "./analyse-figures.ts";
import { notesOf } from "./analyse-notes.ts";
import { originOf, tenths } from "./analyse-origin.ts";
import { phaseFigures, phasesOf } from "./analyse-phases.ts";
import { analyseProbe } from "./analyse-probe.ts";
import { resyncsOf } from "./analyse-resyncs.ts";
import { roleSpans, rolesOf, twoPrimaries } from "./analyse-roles.ts";
import { stalenessOf } from "./analyse-staleness.ts";
import { lanesOf, windowOf } from "./analyse-timeline.ts";
import { budgetOf, judgeFigures } from "./budget.ts";
import type { Recording } from "./recording.ts";
import type { DrillReport } from "./report-schema.ts";

/** What a drill found, from what it saw, held against the budget of redisha.yaml. Pure; every recording has a report. */
export function analyse(recording: Recording, policy?: DrillPolicy): DrillReport {
  const origin = originOf(recording);
  const budget = budgetOf(policy);
  const roles = rolesOf(recording);
  const whole = { origin: origin.at, ended: recording.ended };
  const probes = recording.probes.map((probe) => analyseProbe(recording, probe, { origin, clients: budget.clients }));
  const times = phaseFigures(recording, roles, probes, origin);
  const phases = phasesOf(recording, times, origin);
  const resyncs = resyncsOf(roles, origin.at);
  const staleness = stalenessOf(recording, origin.at);
  const both = twoPrimaries(roles, whole);
  const figures = figuresOf(recording, { origin, roles, times, probes, resyncs, staleness, both });
  const window = windowOf(recording, phases, origin.at);
  const { run, deployment, kind, mode, shard, old_primary, new_primary, started_at, clock } = recording;
  return {
    schema: 1,
    run,
    deployment,
    kind,
    mode,
    shard,
    old_primary,
    new_primary,
    started_at,
    origin: { name: origin.name, at: new Date(Date.parse(started_at) + origin.at).toISOString() },
    duration_ms: tenths(recording.ended),
    clock: { ...clock, error_bound_ms: tenths(clock.resolution_ms + clock.delay_max_ms) },
    verdict: judgeFigures(figures, budget),
    budget,
    figures,
    phases,
    probes,
    errors: errorsOf(recording, origin.at),
    resyncs,
    staleness,
    two_primaries: both,
    notes: notesOf(recording, { origin, roles, figures, probes }),
    timeline: {
      ...window,
      probes: lanesOf(recording.probes, window, origin.at),
      roles: roleSpans(roles, whole),
    },
  };
}

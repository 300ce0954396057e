import { type Family, metricsText } from "../core/metrics-text.ts";

interface Told {
  readonly deployment: string;
  readonly started_at: string;
  readonly good: boolean;
  readonly write_outage_ms: number | null;
  readonly lost_writes: number | null;
}

/** The text of a Prometheus textfile about drills, which stand in it with the newest first. Pure. */
export function renderDrillMetrics(drills: readonly Told[], redishaVersion: string): string {
  const deployments = [...new Set(drills.map(({ deployment }) => deployment))];
  const newest = (wanted: (drill: Told) => boolean) =>
    deployments.flatMap((deployment) => drills.find((drill) => drill.deployment === deployment && wanted(drill)) ?? []);
  const of = (name: string, help: string, told: readonly Told[], value: (drill: Told) => number | null): Family => ({
    name: `redisha_drill_${name}`,
    help,
    samples: told.flatMap((drill) => {
      const found = value(drill);
      return found === null ? [] : [{ labels: { deployment: drill.deployment }, value: found }];
    }),
  });
  const all = newest(() => true);
  const good = newest((drill) => drill.good);
  const families = [
    of("last_timestamp_seconds", "When the last drill began.", all, begun),
    of("last_good", "1 where the last drill went well.", all, (drill) => (drill.good ? 1 : 0)),
    of("last_good_timestamp_seconds", "When the last drill began that went well.", good, begun),
    of(
      "last_write_outage_seconds",
      "How long nothing could be written in the last drill.",
      all,
      ({ write_outage_ms }) => (write_outage_ms === null ? null : write_outage_ms / 1_000),
    ),
    of("last_lost_writes", "Acknowledged writes lost in the last drill.", all, ({ lost_writes }) => lost_writes),
  ];
  return metricsText(
    families.filter(({ samples }) => samples.length > 0),
    { version: redishaVersion, file: "drills" },
  );
}

function begun({ started_at }: Told): number {
  return Date.parse(started_at) / 1_000;
}

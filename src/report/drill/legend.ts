import type { DrillReport } from "../../drill/report-schema.ts";
import { Html, html } from "../html-text.ts";
import { fewerLanes } from "./lanes.ts";

/** Failures are hatched, so that they can be told apart in black and white. Stands in the page once, for all drawings. */
export const HATCH = new Html(
  '<svg class="defs" aria-hidden="true"><defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-bed" width="5" height="5"/><rect class="hatch-line" width="2" height="5"/></pattern></defs></svg>',
);

/** What the colours and lines of the drawing mean; only those that are in it. */
export function legend({ timeline: whole, two_primaries }: DrillReport): Html {
  const timeline = fewerLanes(whole);
  const states = new Set(timeline.roles.flatMap(({ spans }) => spans.map(({ state }) => state)));
  const writers = timeline.probes.filter(({ kind }) => kind !== "reader");
  const box = (name: string) => new Html(`<rect class="${name}" width="26" height="12"/>`);
  const items: (readonly [sample: Html, words: string])[] = [
    [box("ack"), "acknowledged"],
    [box("fail"), "failed"],
    ...(states.has("primary") ? [[box("role primary"), "primary"] as const] : []),
    ...(states.has("replica") ? [[box("role replica"), "replica"] as const] : []),
    ...(states.has("replica_link_down") ? [[box("role replica_link_down"), "replica, link down"] as const] : []),
    ...(states.has("down") ? [[box("role down"), "does not answer"] as const] : []),
    ...(two_primaries.length > 0 ? [[box("both"), "two primaries"] as const] : []),
    ...[...new Map(writers.map((lane) => [lane.kind, lane])).values()].map(
      ({ name, kind }) => [new Html(`<path class="latency ${kind}" d="M1 6H25"/>`), `latency of ${name}`] as const,
    ),
  ];
  return html`<ul class="legend">
${items.map(([sample, words]) => html`<li><svg viewBox="0 0 26 12" class="key">${sample}</svg>${words}</li>`)}
</ul>`;
}

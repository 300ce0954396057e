import type { DrillReport, DrillTimeline } from "../../drill/report-schema.ts";
import { Html, html } from "../html-text.ts";
import { ackPath, coarser, failPath, fewerLanes, type LaneBox, latencyPath, latencyRange, ticks } from "./lanes.ts";
import { type PlacedLabel, placeLabels } from "./phase-labels.ts";
import { modeWords, seconds, time } from "./words.ts";

type RoleLane = DrillTimeline["roles"][number];
type X = (ms: number) => number;

/** Sizes in the units of the drawing, which are pixels where it is shown at its own width. */
const ROW = 14;
const LANE = 22;
const LATENCY = 84;
const GAP = 6;
const CHARACTER = 5.9;

const ROLE_WORDS: Readonly<Record<RoleLane["spans"][number]["state"], string>> = {
  primary: "primary",
  replica: "replica",
  replica_link_down: "link down",
  down: "no answer",
  unknown: "?",
};

/**
 * The drill over time: phases as labelled lines, latency, a lane per client and per instance. Without scripts; colours come
 * from the page's style. Narrow drawings have the names of lanes above them, and fewer, wider bars.
 */
export function timelineSvg(report: DrillReport, width: number): Html {
  const narrow = width < 600;
  const gutter = narrow ? 0 : 150;
  const timeline = coarser(fewerLanes(report.timeline), narrow ? 120 : 360);
  const { from_ms, to_ms } = timeline;
  const scale = (width - gutter) / Math.max(1, to_ms - from_ms);
  const x: X = (ms) => gutter + (Math.min(Math.max(ms, from_ms), to_ms) - from_ms) * scale;
  const labels = placeLabels(report.phases, x, width);
  const rows = labels.reduce((most, { row }) => Math.max(most, row + 1), 0);
  const pen = new Pen(rows * ROW + 10, { x, gutter, width, narrow });
  const body = [
    pen.lane("write latency", LATENCY, (box) => latency(timeline, box, width)),
    ...timeline.probes.map((lane) =>
      pen.lane(
        lane.name,
        LANE,
        (box) =>
          html`<path class="ack" d="${ackPath(timeline, lane, box)}"/><path class="fail" d="${failPath(timeline, lane, box)}"/>`,
      ),
    ),
    ...timeline.roles.map((lane) => pen.lane(lane.instance, LANE, (box) => roles(lane, box))),
  ];
  const bottom = pen.y;
  const height = bottom + 26;
  const mode = modeWords(report.mode);
  return html`<svg viewBox="0 0 ${width} ${height}" class="timeline ${narrow ? "narrow" : "wide"}" role="img" aria-label="Timeline of the drill: ${mode}">
${report.two_primaries.map((span) => shade(span, x, rows * ROW + 4, bottom))}
${axis(timeline, x, { bottom, top: rows * ROW + 4, width })}
${body}
${labels.map((label) => phaseLine(label, bottom))}
${labels.map(phaseLabel)}
</svg>`;
}

/** Goes down the drawing lane by lane. */
class Pen {
  y: number;
  readonly #frame: { x: X; gutter: number; width: number; narrow: boolean };

  constructor(y: number, frame: { x: X; gutter: number; width: number; narrow: boolean }) {
    this.y = y;
    this.#frame = frame;
  }

  lane(name: string, height: number, draw: (box: LaneBox) => Html): Html {
    const { x, gutter, width, narrow } = this.#frame;
    if (narrow) this.y += ROW;
    const y = this.y;
    this.y += height + GAP;
    const title = narrow
      ? html`<text class="name" x="0" y="${y - 3}">${name}</text>`
      : html`<text class="name" x="${gutter - 10}" y="${y + height / 2 + 4}" text-anchor="end">${cut(name, 23)}</text>`;
    return html`<rect class="bed" x="${gutter}" y="${y}" width="${width - gutter}" height="${height}"/>${draw({ x, y, height })}${title}`;
  }
}

function latency(timeline: DrillTimeline, box: LaneBox, width: number): Html {
  const range = latencyRange(timeline);
  const lines: Html[] = [];
  const decades = Math.round(Math.log10(range.most / range.least));
  for (let step = 0; step <= decades; step += 1) {
    const value = range.least * 10 ** step;
    const y = box.y + box.height * (1 - step / decades);
    const below = step === decades ? 10 : -3;
    lines.push(
      html`<line class="grid" x1="${box.x(timeline.from_ms)}" x2="${width}" y1="${y}" y2="${y}"/><text class="tick halo" x="${width - 2}" y="${y + below}" text-anchor="end">${value >= 1_000 ? `${value / 1_000} s` : `${Number(value.toPrecision(1))} ms`}</text>`,
    );
  }
  const writers = timeline.probes.filter(({ kind }) => kind !== "reader");
  return html`${lines}${writers.map((lane) => html`<path class="latency ${lane.kind}" d="${latencyPath(timeline, lane, box, range)}"/>`)}`;
}

function roles({ spans }: RoleLane, { x, y, height }: LaneBox): Html {
  const drawn = spans.flatMap(({ from_ms, to_ms, state }) => {
    const width = x(to_ms) - x(from_ms);
    if (width <= 0) return [];
    const word = ROLE_WORDS[state];
    const text =
      word.length * CHARACTER + 8 > width
        ? ""
        : html`<text class="role-word ${state}" x="${(x(from_ms) + 5).toFixed(1)}" y="${y + height / 2 + 4}">${word}</text>`;
    return [
      html`<rect class="role ${state}" x="${x(from_ms).toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${height}"><title>${word}, ${seconds(from_ms)} to ${seconds(to_ms)}</title></rect>${text}`,
    ];
  });
  return html`${drawn}`;
}

function phaseLine({ x, row }: PlacedLabel, bottom: number): Html {
  const at = x.toFixed(1);
  return html`<line class="phase" x1="${at}" x2="${at}" y1="${row * ROW + 2}" y2="${bottom}"/>`;
}

function phaseLabel({ x, row, text, anchor }: PlacedLabel): Html {
  const at = anchor === "start" ? x + 3 : x - 3;
  return html`<text class="label" x="${at.toFixed(1)}" y="${row * ROW + 10}" text-anchor="${anchor}">${text}</text>`;
}

function shade(span: DrillReport["two_primaries"][number], x: X, top: number, bottom: number): Html {
  const width = x(span.to_ms) - x(span.from_ms);
  if (width <= 0) return new Html("");
  const words = `two primaries for ${time(span.to_ms - span.from_ms)}: ${span.instances.join(", ")}`;
  return html`<rect class="both" x="${x(span.from_ms).toFixed(1)}" y="${top}" width="${Math.max(1.5, width).toFixed(1)}" height="${bottom - top}"><title>${words}</title></rect>`;
}

function axis(
  timeline: DrillTimeline,
  x: X,
  { bottom, top, width }: { bottom: number; top: number; width: number },
): Html {
  const marks = ticks(timeline, (width - x(timeline.from_ms)) / 80).map((ms) => {
    const at = x(ms).toFixed(1);
    const anchor = x(ms) > width - 20 ? "end" : x(ms) < 20 ? "start" : "middle";
    return html`<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 14}" text-anchor="${anchor}">${ms / 1_000} s</text>`;
  });
  return html`${marks}`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `…${text.slice(text.length - most + 1)}`;
}

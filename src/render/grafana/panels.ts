/** The JSON of panels as Grafana reads it (schema version 39, Grafana 10 and later), as far as it is used here. */

/** A panel before it has its place. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "stat" | "timeseries" | "table";
  readonly width: number;
  readonly height: number;
  readonly queries: readonly Query[];
  /** As Grafana calls it: `bytes`, `percentunit`, `s`, `dtdurations`. */
  readonly unit: string;
  /** From which value on it is shown in which colour; the first from -∞ on. */
  readonly steps?: readonly { readonly color: string; readonly value: number | null }[];
}

interface Query {
  readonly expr: string;
  /** Such as `{{instance}}`. */
  readonly legend: string;
}

/** One line of panels, with a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Which Prometheus is asked, is chosen above the dashboard. */
export const DATASOURCE = { type: "prometheus", uid: "${datasource}" };
const COLUMNS = 24;

/** Rows one below the other, the panels of each from left to right, and on where one line is full. */
export function laidOut(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let [x, y, tallest, id] = [0, 0, 0, 0];
  for (const { title, panels } of rows) {
    y += tallest;
    id += 1;
    placed.push({ id, type: "row", title, collapsed: false, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] });
    [x, y, tallest] = [0, y + 1, 0];
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
      id += 1;
      placed.push({ id, gridPos: { x, y, w: panel.width, h: panel.height }, ...contentOf(panel) });
      x += panel.width;
      tallest = Math.max(tallest, panel.height);
    }
  }
  return placed;
}

function contentOf({ type, title, description, queries, unit, steps }: Panel): object {
  const thresholds = { mode: "absolute", steps: steps ?? [{ color: "green", value: null }] };
  const custom = type === "timeseries" ? { custom: { lineWidth: 1, fillOpacity: 10, showPoints: "never" } } : {};
  return {
    ...{ type, title, description, datasource: DATASOURCE },
    targets: queries.map(({ expr, legend }, at) => ({
      ...{ refId: String.fromCharCode(65 + at), datasource: DATASOURCE, expr, legendFormat: legend },
      ...(type === "timeseries" ? {} : { instant: true, range: false }),
      ...(type === "table" ? { format: "table" } : {}),
    })),
    fieldConfig: { defaults: { unit, thresholds, ...custom }, overrides: [] },
    options: optionsOf(type),
  };
}

function optionsOf(type: Panel["type"]): object {
  if (type === "table") return { showHeader: true };
  if (type === "timeseries") {
    return {
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
      tooltip: { mode: "multi", sort: "desc" },
    };
  }
  return { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "background", graphMode: "none", textMode: "auto" };
}

import type { Theme } from "../output/theme.ts";
import { errorJson, renderError } from "../render-error.ts";
import type { OneOfAll } from "./look-at-all.ts";
import type { RenderReport } from "./render-status.ts";
import type { StatusResultJson } from "./status-result.ts";

/** Each deployment's view below the other, divided by a line; what could not be looked at says why in its place. */
export function renderAll(all: readonly OneOfAll[], render: RenderReport, theme: Theme, width: number): string {
  const line = `\n${theme.dim(theme.symbols.line.repeat(Math.min(width, 80)))}\n\n`;
  return all.map((one) => renderOne(one, render, theme, width)).join(line);
}

function renderOne(one: OneOfAll, render: RenderReport, theme: Theme, width: number): string {
  if (one.topology && one.verdict) return render({ topology: one.topology, verdict: one.verdict }, undefined);
  if (!one.failure) return "";
  const text = renderError(one.failure, { theme, width, debug: false, readFile: () => undefined });
  return `${theme.strong(one.name)}\n\n${text}`;
}

/** The same as data. */
export function allToResult(all: readonly OneOfAll[]): StatusResultJson {
  return {
    deployments: all.map(({ name, exit, topology, verdict, failure }) => ({
      name,
      exit,
      topology,
      verdict,
      error: failure && errorJson(failure, undefined),
    })),
  };
}

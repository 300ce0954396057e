import { formatDuration } from "../../core/units.ts";
import type { EventError, RunEvent } from "../../engine/events.ts";
import type { TextStream } from "../output/streams.ts";
import { oneLine } from "../output/text.ts";
import { type Theme, themeFor } from "../output/theme.ts";
import { type DrillSample, phaseText } from "./drill-lines.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";
import { type ProgressBase, progressBase, progressBegins, progressText, statusText, targetsText } from "./words.ts";

/** A line of progress at most this often per op, in milliseconds: a log file is read, not watched. */
const PROGRESS_EVERY = 10_000;
/** The same for what the probes of a drill do. */
const SAMPLES_EVERY = 5_000;

/** Stable lines with the time, for cron and CI: one when something starts, one when it ends. */
export function plainRenderer(stderr: TextStream, options: RendererOptions): Renderer {
  const lines = plainLines(themeFor(stderr), options);
  return {
    sink: (event) => {
      for (const line of lines(event)) stderr.write(`${line}\n`);
    },
    standStill: (work) => work(),
    done: async () => {},
  };
}

/** The lines of one event after another. It keeps what it needs of the events before. */
export function plainLines(theme: Theme, options: RendererOptions): (event: RunEvent) => string[] {
  const depths = new Map<string, number>();
  const bases = new Map<string, ProgressBase | undefined>();
  const shown = new Map<string, number>();
  const sampled = new Map<string, { acked: number; failed: number }>();
  let sampledSince: number | undefined;

  return (event) => words(event).map((line) => `${theme.dim(`${event.at.slice(0, 19)}Z`)} ${line}`);

  function words(event: RunEvent): string[] {
    switch (event.type) {
      case "run_started":
        return [`run ${event.run}: ${event.runbook} ${event.version} (${event.origin}) on ${event.deployment}`];
      case "step_started":
        depths.set(event.step, event.depth);
        return [
          `${indent(event.step)}${theme.strong(event.step)}: ${event.name}${theme.dim(targetsText(event.targets))}`,
        ];
      case "op_started":
        bases.set(key(event), progressBegins(event.at));
        if (!options.verbose) return [];
        return event.commands.map((command) => `${indent(event.step)}  ${event.target} $ ${oneLine(command)}`);
      case "op_progress":
        return progress(event);
      case "op_finished":
        return finished(event);
      case "step_finished":
        return [
          `${indent(event.step)}${event.step}: ${statusText(event.status, theme)} in ${formatDuration(event.duration_ms)}${event.reason ? `, ${oneLine(event.reason)}` : ""}`,
        ];
      case "verdict":
        return [`verdict: ${event.verdict.state}: ${oneLine(event.verdict.summary)}`];
      case "warning":
        return [`${theme.warn("warning")}: ${oneLine(event.message)}`];
      case "run_finished":
        return [`run ${event.run}: ${event.status}, exit ${event.exit}, in ${formatDuration(event.duration_ms)}`];
      case "drill_phase":
        return [phaseText(event, theme)];
      case "drill_sample":
        return samples(event);
      case "topology_observed":
        return [];
    }
  }

  function progress(event: Extract<RunEvent, { type: "op_progress" }>): string[] {
    const now = Date.parse(event.at);
    bases.set(key(event), progressBase(event, bases.get(key(event))));
    const finishedNow = event.done !== undefined && event.done === event.total;
    if (!finishedNow && now - (shown.get(key(event)) ?? 0) < PROGRESS_EVERY) return [];
    shown.set(key(event), now);
    return [`${indent(event.step)}  ${event.target}: ${oneLine(progressText(event, bases.get(key(event))))}`];
  }

  /** What the probes did since the last such line, all samples added up. */
  function samples(event: DrillSample): string[] {
    const now = Date.parse(event.at);
    sampledSince ??= now;
    for (const { name, acked, failed } of event.probes) {
      const sum = sampled.get(name) ?? { acked: 0, failed: 0 };
      sampled.set(name, { acked: sum.acked + acked, failed: sum.failed + failed });
    }
    if (now - sampledSince < SAMPLES_EVERY) return [];
    const parts = [...sampled].map(
      ([name, { acked, failed }]) =>
        `${name} ${acked} acknowledged${failed > 0 ? `, ${theme.bad(`${failed} failed`)}` : ""}`,
    );
    const line = `probes in ${formatDuration(now - sampledSince)}: ${parts.join("; ")}`;
    sampled.clear();
    sampledSince = now;
    return [line];
  }

  function finished(event: Extract<RunEvent, { type: "op_finished" }>): string[] {
    const quiet = event.status === "ok" && !options.verbose;
    if (quiet && event.attempt <= 1) return [];
    const tries = event.attempt > 1 ? `, attempt ${event.attempt}` : "";
    const again = event.will_retry_in_ms === undefined ? "" : `, again in ${formatDuration(event.will_retry_in_ms)}`;
    const line = `${statusText(event.status, theme)} in ${formatDuration(event.duration_ms)}${tries}${again}`;
    return [`${indent(event.step)}  ${event.target}: ${line}`, ...(event.error ? [errorLine(event)] : [])];
  }

  function errorLine(event: { step: string; error?: EventError }): string {
    return `${indent(event.step)}    ${event.error?.code}: ${oneLine(event.error?.message ?? "")}`;
  }

  function indent(step: string): string {
    return "  ".repeat(depths.get(step) ?? 0);
  }
}

function key(event: { step: string; target: string }): string {
  return `${event.step} ${event.target}`;
}

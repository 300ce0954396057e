import type { ArmedEvent, RunStory, ToldOp } from "../../report/story.ts";
import {
  armedText,
  clock,
  elapsed,
  heldText,
  isArmedEvent,
  lasted,
  opWord,
  pairs,
  placeOf,
  stamp,
  stepName,
  timelineOf,
  verdictOf,
} from "../../report/words.ts";
import { displayWidth, oneLine, wrap } from "../output/text.ts";
import type { Paint, Theme } from "../output/theme.ts";
import { stateCell } from "./render-list.ts";

interface Options {
  readonly theme: Theme;
  readonly width: number;
}

/** What happened in a run, step by step, how it stands, and what to type. */
export function renderStory(story: RunStory, options: Options): string {
  const { theme, width } = options;
  const state = stateCell(story, theme);
  const lines = [
    `${state.paint(state.text)}  ${theme.strong(`${story.runbook} ${story.version}`)} on ${story.deployment}  ${theme.dim(story.run)}`,
    wrap(verdictOf(story), width, "  "),
    ...story.sittings.map(({ at, how, user, controller, changed_runbook }) =>
      theme.dim(`  ${stamp(at)} ${how} by ${user}@${controller}${changed_runbook ? ", with a changed runbook" : ""}`),
    ),
    theme.dim(`  ${elapsed(story)} from the first line to the last`),
    ...(Object.keys(story.inputs).length > 0 ? [wrap(`inputs ${pairs(story.inputs)}`, width, "  ", "    ")] : []),
    ...(story.fault === null ? [] : [theme.bad(wrap(`journal: ${story.fault}`, width, "  ", "    "))]),
    "",
    ...timelineOf(story).flatMap((entry) =>
      isArmedEvent(entry) ? armedLines(entry, options) : opLines(entry, options),
    ),
    ...part(
      "Approvals",
      story.approvals.map(({ at, what, how, user }) => `${clock(at)} ${user} ${how}: ${oneLine(what)}`),
      options,
    ),
    ...part(
      "Violated invariants",
      story.violations.map(({ at, id, action }) => `${clock(at)} ${id}: ${action}`),
      options,
    ),
    ...part("In doubt", story.in_doubt.map(placeOf), options),
    ...part("Changed and not taken back, in the order of going back", story.to_undo.map(placeOf), options),
    ...part("Held by hosts, as far as the journal knows", story.held.map(heldText), options),
    ...ending(story, options),
    ...part("Next", story.next, options),
    theme.dim(`journal ${story.journal} (${story.lines} lines, sha256 ${story.digest.slice(0, 12)})`),
  ];
  return lines.join("\n");
}

function opLines(op: ToldOp, { theme, width }: Options): string[] {
  const [paint, symbol] = markOf(op, theme);
  const tries = op.attempt > 1 ? `, attempt ${op.attempt}` : "";
  const head = `${clock(op.started_at)} ${symbol} ${stepName(op)} `;
  const tail = [op.target, `${opWord(op)}${tries}`, lasted(op)].filter(Boolean).join("  ");
  const room = displayWidth(head) + displayWidth(tail) <= width;
  const indent = " ".repeat(15);
  return [
    `${theme.dim(clock(op.started_at))} ${paint(symbol)} ${theme.strong(stepName(op))} ${room ? tail : ""}`.trimEnd(),
    ...(room ? [] : [`${indent}${tail}`]),
    ...op.commands.map((command) => theme.dim(`${indent}$ ${oneLine(command)}`)),
    ...(op.before === null ? [] : [theme.dim(`${indent}before: ${oneLine(pairs(op.before))}`)]),
    ...(op.error ? [wrap(`${op.error.code}: ${oneLine(op.error.message)}`, width, indent)] : []),
  ];
}

function markOf({ status }: ToldOp, { symbols, ...theme }: Theme): [Paint, string] {
  if (status === "changed") return [theme.accent, symbols.ok];
  if (status === "ok") return [theme.good, symbols.ok];
  if (status === "failed") return [theme.bad, symbols.bad];
  if (status === "skipped_condition" || status === "skipped_done") return [theme.dim, symbols.none];
  return [theme.warn, symbols.unknown];
}

function armedLines(event: ArmedEvent, { theme, width }: Options): string[] {
  const { symbols } = theme;
  const [paint, symbol] =
    event.kind !== "restored_by_host"
      ? [theme.dim, symbols.dot]
      : event.ok
        ? [theme.warn, symbols.undo]
        : [theme.bad, symbols.bad];
  const head = `${clock(event.at)} ${symbol} ${event.step} `;
  const tail = `${event.target}  ${armedText(event)}`;
  const room = displayWidth(head) + displayWidth(tail) <= width;
  return [
    `${theme.dim(clock(event.at))} ${paint(symbol)} ${theme.strong(event.step)} ${room ? tail : ""}`.trimEnd(),
    ...(room ? [] : [wrap(tail, width, " ".repeat(15))]),
  ];
}

function ending({ error }: RunStory, { theme, width }: Options): string[] {
  if (!error) return [];
  const state = error.state ? [wrap(error.state, width, "  State: ", "    ")] : [];
  return [
    "",
    theme.strong("Why it ended"),
    wrap(`${error.code}: ${oneLine(error.message)}`, width, "  ", "    "),
    ...state,
  ];
}

/** Commands are never wrapped: they are there to be copied. */
function part(title: string, rows: readonly string[], { theme }: Options): string[] {
  return rows.length === 0 ? [] : ["", theme.strong(title), ...rows.map((row) => `  ${row}`)];
}

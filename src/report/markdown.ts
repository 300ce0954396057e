import { code, section, table, text } from "./markdown-text.ts";
import type { ArmedEvent, RunStory, ToldOp } from "./story.ts";
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
  STATE_WORD,
  stamp,
  stepName,
  timelineOf,
  verdictOf,
} from "./words.ts";

/** The run as Markdown, for a change ticket. */
export function markdownReport(story: RunStory): string {
  const { error } = story;
  const parts = [
    `# ${text(`${story.runbook} ${story.version} on ${story.deployment}`)}: ${STATE_WORD[story.state]}`,
    text(verdictOf(story)),
    table(["", ""], facts(story)),
    ...(story.fault === null ? [] : [`**The journal cannot be relied on: ${text(story.fault)}.**`]),
    ...(error ? [section("Why it ended", [errorText(error)])] : []),
    section("What happened", [table(["Time (UTC)", "Step", "Target", "Status", "Took"], timelineOf(story).map(row))]),
    section("What was sent", changes(story)),
    section(
      "Approvals",
      story.approvals.map(({ at, what, how, user }) => `- ${clock(at)} ${code(user)} ${code(how)}: ${text(what)}`),
    ),
    section(
      "Invariants",
      story.violations.length === 0
        ? ["No violation was recorded."]
        : story.violations.map(
            ({ at, id, assert, action }) =>
              `- ${clock(at)} ${code(id)} did not hold (${code(assert)}): ${text(action)}`,
          ),
    ),
    section(
      "In doubt",
      story.in_doubt.map((place) => `- ${code(placeOf(place))}`),
    ),
    section(
      "Changed and not taken back, in the order of going back",
      story.to_undo.map((place, index) => `${index + 1}. ${code(placeOf(place))}`),
    ),
    section(
      "Held by hosts, as far as the journal knows",
      story.held.map((held) => `- ${text(heldText(held))}`),
    ),
    section(
      "Next",
      story.next.map((command) => `- ${code(command)}`),
    ),
    section("Proof", [
      `The journal ${code(story.journal)} has ${story.lines} lines; the SHA-256 of the last one stands for all of them:`,
      code(story.digest),
      `To check: ${code(`redisha runs verify ${story.run}`)}`,
    ]),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function facts(story: RunStory): string[][] {
  const sittings = story.sittings.map(
    ({ at, how, user, controller, changed_runbook }) =>
      `${stamp(at)} ${how} by ${code(`${user}@${controller}`)}${changed_runbook ? " with a changed runbook" : ""}`,
  );
  return [
    ["Run", code(story.run)],
    ["Outcome", `${STATE_WORD[story.state]}${story.exit === null ? "" : `, exit ${story.exit}`}`],
    ["When", `${stamp(story.started_at)} to ${stamp(story.ended_at)} (${elapsed(story)})`],
    ["Who", sittings.join("<br>")],
    ["Deployment", `${text(story.deployment)} (${code(story.inventory)})`],
    ["Runbook", `${code(story.ref)} ${code(story.runbook_digest)}`],
    ["Inputs", Object.keys(story.inputs).length === 0 ? "none" : code(pairs(story.inputs))],
  ];
}

function row(entry: ToldOp | ArmedEvent): string[] {
  if (!isArmedEvent(entry)) return opRow(entry);
  return [clock(entry.at), code(entry.step), code(entry.target), text(armedText(entry)), ""];
}

function opRow(op: ToldOp): string[] {
  const tries = op.attempt > 1 ? ` (attempt ${op.attempt})` : "";
  const why = op.error ? `: ${code(op.error.code)} ${text(op.error.message)}` : "";
  return [clock(op.started_at), code(stepName(op)), code(op.target), `${text(opWord(op))}${tries}${why}`, lasted(op)];
}

function changes(story: RunStory): string[] {
  const changing = story.ops.filter(({ effect }) => effect !== "read");
  return changing.map((op) => {
    const lines = op.commands.map((command) => `  - ${code(`$ ${command}`)}`);
    const before = op.before === null ? [] : [`  - before: ${code(pairs(op.before))}`];
    return [
      `- ${clock(op.started_at)} ${code(stepName(op))} on ${code(op.target)}: ${text(opWord(op))}`,
      ...lines,
      ...before,
    ].join("\n");
  });
}

function errorText({ code: name, message, host, state, next }: NonNullable<RunStory["error"]>): string {
  return [
    `${code(name)}${host ? ` on ${code(host)}` : ""}: ${text(message)}`,
    ...(state ? ["", `State: ${text(state)}`] : []),
    ...(next.length > 0 ? ["", ...next.map((line) => `- ${text(line)}`)] : []),
  ].join("\n");
}

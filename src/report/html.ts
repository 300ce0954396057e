import { REPORT_STYLE } from "./html-style.ts";
import { Html, html } from "./html-text.ts";
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
  toneOf,
  valueText,
  verdictOf,
} from "./words.ts";

/** More than this of what an op found is left to the journal. */
const MOST_FOUND = 600;

/** The run as one HTML file that asks nothing of a network; it may be mailed, printed and kept. */
export function htmlReport(story: RunStory): string {
  const title = `${story.runbook} on ${story.deployment}: ${STATE_WORD[story.state]}`;
  const tone = toneOf(story.state);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<h1>${story.runbook} ${story.version} on ${story.deployment}</h1>
<p class="verdict ${tone}"><span>${verdictOf(story)}</span></p>
${facts(story)}
${story.fault === null ? "" : html`<p class="verdict bad"><span>The journal cannot be relied on: ${story.fault}.</span></p>`}
${story.error ? section("Why it ended", errorOf(story.error)) : ""}
${section(
  "What happened",
  html`<ol class="ops">
${timelineOf(story).map((entry) => (isArmedEvent(entry) ? armedItem(entry) : opItem(entry)))}
</ol>`,
)}
${approvals(story)}
${section("Invariants", violations(story))}
${places("In doubt", story.in_doubt)}
${places("Changed and not taken back, in the order of going back", story.to_undo)}
${held(story)}
${story.next.length === 0 ? "" : section("Next", html`<pre class="card">${story.next.join("\n")}</pre>`)}
${section(
  "Proof",
  html`<p>The journal <code>${story.journal}</code> has ${story.lines} lines. Each carries the SHA-256 of the one before it; that of the last stands for all of them:</p>
<pre class="card">${story.digest}</pre>
<p class="soft">To check: <code>redisha runs verify ${story.run}</code></p>`,
)}
</body>
</html>
`.text;
}

function facts(story: RunStory): Html {
  const { sittings, inputs, exit } = story;
  return html`<dl>
<dt>Run</dt><dd><code>${story.run}</code></dd>
<dt>Outcome</dt><dd>${STATE_WORD[story.state]}${exit === null ? "" : `, exit ${exit}`}</dd>
<dt>When</dt><dd>${stamp(story.started_at)} to ${stamp(story.ended_at)} (${elapsed(story)})</dd>
<dt>Who</dt><dd>${sittings.map(
    ({ at, how, user, controller, changed_runbook }) =>
      html`<div>${stamp(at)} ${how} by ${user}@${controller}${changed_runbook ? " with a changed runbook" : ""}</div>`,
  )}</dd>
<dt>Deployment</dt><dd>${story.deployment} <code>${story.inventory}</code></dd>
<dt>Runbook</dt><dd><code>${story.ref}</code><br><code class="soft">${story.runbook_digest}</code></dd>
<dt>Inputs</dt><dd>${Object.keys(inputs).length === 0 ? "none" : html`<code>${pairs(inputs)}</code>`}</dd>
</dl>`;
}

function opItem(op: ToldOp): Html {
  const tries = op.attempt > 1 ? ` (attempt ${op.attempt})` : "";
  return html`<li><div class="head"><span class="time">${clock(op.started_at)}</span><strong class="name">${stepName(op)}</strong><code class="where">${op.target}</code><span class="how ${toneOfOp(op)}">${opWord(op)}${tries}</span><span class="took">${lasted(op)}</span></div>${details(op)}</li>`;
}

function armedItem(event: ArmedEvent): Html {
  const tone = event.kind !== "restored_by_host" ? "soft" : event.ok ? "warn" : "bad";
  return html`<li><div class="head"><span class="time">${clock(event.at)}</span><strong class="name">${event.step}</strong><code class="where">${event.target}</code><span class="how ${tone}">${armedText(event)}</span></div></li>`;
}

function details(op: ToldOp): Html {
  const found = op.effect === "read" || op.outputs === null ? "" : shortened(valueText(op.outputs));
  const parts = [
    ...(op.commands.length > 0 ? [html`<pre>${op.commands.map((command) => `$ ${command}`).join("\n")}</pre>`] : []),
    ...(op.before === null
      ? []
      : [html`<div><span class="soft">before:</span> <code>${pairs(op.before)}</code></div>`]),
    ...(found === "" || found === "{}"
      ? []
      : [html`<div><span class="soft">answer:</span> <code>${found}</code></div>`]),
    ...(op.error ? [errorOf(op.error)] : []),
  ];
  return parts.length === 0 ? new Html("") : html`<div class="more">${parts}</div>`;
}

function errorOf({ code, message, host, state, next }: NonNullable<RunStory["error"]>): Html {
  return html`<div class="card"><strong class="bad">${code}</strong>${host ? html` on <code>${host}</code>` : ""}: ${message}${
    state ? html`<div><span class="soft">State:</span> ${state}</div>` : ""
  }${next.length > 0 ? html`<ul>${next.map((line) => html`<li>${line}</li>`)}</ul>` : ""}</div>`;
}

function approvals({ approvals: given }: RunStory): Html | string {
  if (given.length === 0) return "";
  const items = given.map(
    ({ at, what, how, user }) => html`<li>${clock(at)} <strong>${user}</strong> <code>${how}</code>: ${what}</li>`,
  );
  return section("Approvals", html`<ul>${items}</ul>`);
}

function violations({ violations: seen }: RunStory): Html {
  if (seen.length === 0) return html`<p>No violation was recorded.</p>`;
  const items = seen.map(
    ({ at, id, assert, action }) =>
      html`<li>${clock(at)} <strong class="bad">${id}</strong> did not hold: <code>${assert}</code>; ${action}</li>`,
  );
  return html`<ul>${items}</ul>`;
}

function places(title: string, all: RunStory["to_undo"]): Html | string {
  if (all.length === 0) return "";
  return section(title, html`<ol>${all.map((place) => html`<li><code>${placeOf(place)}</code></li>`)}</ol>`);
}

function held({ held: all }: RunStory): Html | string {
  if (all.length === 0) return "";
  return section(
    "Held by hosts, as far as the journal knows",
    html`<ul>${all.map((undo) => html`<li>${heldText(undo)}</li>`)}</ul>`,
  );
}

function section(title: string, body: Html): Html {
  return html`<section><h2>${title}</h2>${body}</section>`;
}

function toneOfOp({ status }: ToldOp): string {
  if (status === "ok" || status === "changed") return "good";
  return status === "failed" ? "bad" : "warn";
}

function shortened(text: string): string {
  return text.length <= MOST_FOUND ? text : `${text.slice(0, MOST_FOUND)}…`;
}

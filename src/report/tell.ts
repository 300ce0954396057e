import type { JournalLine } from "../engine/journal-entry.ts";
import type { RunDetail } from "../use-cases/runs.ts";
import type { ArmedEvent, RunStory, ToldOp } from "./story.ts";

type Of<K extends JournalLine["kind"]> = Extract<JournalLine, { kind: K }>;

/** The story of a run, from its journal. Pure. */
export function tellRun(detail: RunDetail): RunStory {
  const { record, lines, ops, to_undo, held, digest, fault } = detail;
  const [first] = lines;
  if (first?.kind !== "run_started") throw new TypeError(`the journal of ${record.run} does not begin as one`);
  const passed = linesOf(lines, "point_of_no_return")[0];
  const inDoubt = ops.filter((op) => op.inDoubt);
  const story = {
    run: record.run,
    runbook: first.runbook,
    version: first.version,
    ref: first.ref,
    runbook_digest: first.digest,
    deployment: first.deployment,
    inventory: first.inventory,
    inputs: first.inputs,
    state: record.state,
    exit: record.exit,
    error: errorOf(lines.at(-1)),
    started_at: first.started_at,
    ended_at: record.last_at,
    sittings: sittingsOf(lines),
    ops: toldOps(lines),
    armed: lines.flatMap(armedEvents),
    pauses: linesOf(lines, "paused").map(({ at, reason }) => ({ at, reason: { ...reason } })),
    approvals: linesOf(lines, "approval").map(({ at, what, how, user }) => ({ at, what, how, user })),
    violations: linesOf(lines, "invariant").map(({ at, id, assert, action }) => ({ at, id, assert, action })),
    point_of_no_return: passed?.step ?? null,
    in_doubt: inDoubt.map(({ step, target }) => ({ step, target })),
    to_undo: to_undo.map(({ step, target }) => ({ step, target })),
    held: [...held],
    journal: record.journal,
    lines: lines.length,
    digest,
    fault,
  };
  return { ...story, next: nextOf(story) };
}

/** Each attempt at each op, in the order of their starts. */
function toldOps(lines: readonly JournalLine[]): ToldOp[] {
  const told: ToldOp[] = [];
  for (const line of lines) {
    if (line.kind === "intent") told.push(opened(line));
    if (line.kind === "outcome") {
      const open = told.findLast((op) => sameOp(op, line) && op.status === "open");
      if (open) Object.assign(open, ending(line));
      // A read leaves no intent.
      else told.push({ ...opened({ ...line, effect: "read", commands: [], at: beginOf(line) }), ...ending(line) });
    }
    if (line.kind === "settled") {
      const asked = told.findLast((op) => op.step === line.step && op.target === line.target && !op.undo);
      if (asked) asked.settled = `${line.took_effect ? "took effect" : "did not take effect"}, by ${line.by}`;
    }
  }
  return told;
}

function opened(
  line: Pick<Of<"intent">, "step" | "target" | "undo" | "attempt" | "effect" | "commands" | "at" | "before">,
): ToldOp {
  const { step, target, undo, attempt, effect, commands, before } = line;
  return {
    ...{ step, target, undo, attempt, effect, commands },
    status: "open",
    settled: null,
    started_at: line.at,
    duration_ms: null,
    before: before && Object.keys(before).length > 0 ? before : null,
    outputs: null,
    error: null,
  };
}

function ending({ status, duration_ms, outputs, error }: Of<"outcome">) {
  return { status, duration_ms, outputs: outputs ?? null, error: error ?? null };
}

function sameOp(op: ToldOp, line: Of<"outcome">): boolean {
  return op.step === line.step && op.target === line.target && op.undo === line.undo && op.attempt === line.attempt;
}

function beginOf({ at, duration_ms }: Of<"outcome">): string {
  return new Date(Date.parse(at) - duration_ms).toISOString();
}

function armedEvents(line: JournalLine): ArmedEvent[] {
  const { at } = line;
  switch (line.kind) {
    case "armed": {
      const { kind, step, target, host, lease_ms } = line;
      return [{ at, kind, step, target, host, lease_ms }];
    }
    case "disarmed":
      return [{ at, kind: line.kind, step: line.step, target: line.target }];
    case "restored_by_host": {
      const { kind, step, target, host, host_at, ok } = line;
      return [{ at, kind, step, target, host, host_at, ok }];
    }
    default:
      return [];
  }
}

function sittingsOf(lines: readonly JournalLine[]): RunStory["sittings"] {
  let digest: string | undefined;
  return lines.flatMap((line) => {
    if (line.kind !== "run_started" && line.kind !== "continued") return [];
    const changed_runbook = digest !== undefined && digest !== line.digest;
    digest = line.digest;
    const { at, user, controller } = line;
    return [{ at, how: line.kind === "continued" ? line.how : ("run" as const), user, controller, changed_runbook }];
  });
}

function errorOf(last: JournalLine | undefined): RunStory["error"] {
  if (last?.kind === "run_finished") return last.error ?? null;
  return last?.kind === "paused" ? last.reason : null;
}

/** What to type, after what became of it. */
function nextOf(story: Omit<RunStory, "next">): string[] {
  const { run, state, error, in_doubt, to_undo, point_of_no_return, deployment } = story;
  const resume = `redisha runs resume ${run}`;
  const back = to_undo.length > 0 && point_of_no_return === null ? [`redisha runs rollback ${run} --dry-run`] : [];
  const doubt = in_doubt.flatMap(({ step, target }) => [
    `${resume} --done ${step}@${target}`,
    `${resume} --redo ${step}@${target}`,
  ]);
  switch (state) {
    case "unreliable":
      return [`redisha runs verify ${run}`, `redisha status -d ${deployment} --wide`];
    case "running":
      return [];
    case "done":
      return [`redisha runs report ${run} --format md`, ...back];
    case "rolled_back":
      return [`redisha runs report ${run} --format md`];
    case "cancelled":
      // What was given up for good has said so: there is nothing to go on with.
      return error?.next.some((line) => line.includes(resume)) === false ? back : [resume, ...doubt, ...back];
    default:
      return [resume, ...doubt, ...back];
  }
}

function linesOf<K extends JournalLine["kind"]>(lines: readonly JournalLine[], kind: K): Of<K>[] {
  return lines.filter((line): line is Of<K> => line.kind === kind);
}

import { InvalidFileError, type Problem } from "../core/errors.ts";
import type { Runbook, Step } from "../runbook/model.ts";

/**
 * Refuses to run a runbook that relies on a guarantee the engine does not give yet. A promise that is written in the
 * YAML is never silently dropped. Fails with RUNBOOK_NOT_SUPPORTED, every place at once; nothing was touched.
 */
export function refuseUnsupported(runbook: Runbook): void {
  const problems = [...ofRunbook(runbook), ...stepsOf(runbook).flatMap((step) => ofStep(step))];
  if (problems.length > 0) {
    throw new InvalidFileError(
      "RUNBOOK_NOT_SUPPORTED",
      `${runbook.source.path} cannot be run by this version`,
      problems,
    );
  }
}

function ofRunbook(runbook: Runbook): Problem[] {
  const position = { file: runbook.source.path, line: 1, column: 1 };
  const problems = runbook.invariants.map((invariant) =>
    problem(`invariant ${invariant.id}: invariants are not watched yet`, invariant.assert.position),
  );
  if (runbook.concurrency.declared && runbook.concurrency.lock !== "none") {
    problems.push(problem("concurrency.lock: locks on the targets are not taken yet", position));
  }
  return problems;
}

function ofStep(step: Step): Problem[] {
  const found: string[] = [];
  if (step.undo !== undefined && step.undo !== "none")
    found.push("undo: going back is not possible yet; write `undo: none`");
  if (step.probe) found.push("probe: resuming after a crash is not possible yet");
  if (step.pointOfNoReturn !== undefined && step.pointOfNoReturn !== false) {
    found.push("point_of_no_return: not enforced yet");
  }
  if (step.onFailure === "pause" || step.onFailure === "rollback") {
    found.push(`on_failure: ${step.onFailure} is not possible yet; use abort or continue`);
  }
  if (step.action === "confirm" || step.action === "pause") found.push(`action ${step.action}: not possible yet`);
  return found.map((text) => problem(`step ${step.id}: ${text}`, step.position));
}

function problem(message: string, position: Problem["position"]): Problem {
  return {
    code: "RUNBOOK_NOT_SUPPORTED",
    message,
    position,
    hint: "`redisha runbook validate` and `--dry-run` accept it",
  };
}

/** Every step of a runbook, those inside blocks and sub-runbooks too. */
export function stepsOf(runbook: Runbook): Step[] {
  return [...runbook.steps, ...runbook.finally].flatMap(within);
}

function within(step: Step): Step[] {
  const inner = step.block ? [...step.block.steps, ...step.block.rescue, ...step.block.always] : [];
  const sub = step.runbook ? stepsOf(step.runbook.compiled) : [];
  return [step, ...inner.flatMap(within), ...sub];
}

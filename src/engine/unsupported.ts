import { InvalidFileError, type Problem } from "../core/errors.ts";
import type { Runbook, Step } from "../runbook/model.ts";

/**
 * Refuses to run a runbook that relies on a guarantee the engine does not give yet. A promise that is written in the
 * YAML is never silently dropped. Fails with RUNBOOK_NOT_SUPPORTED, every place at once; nothing was touched.
 */
export function refuseUnsupported(runbook: Runbook): void {
  const problems = ofRunbook(runbook);
  if (problems.length > 0) {
    throw new InvalidFileError(
      "RUNBOOK_NOT_SUPPORTED",
      `${runbook.source.path} cannot be run by this version`,
      problems,
    );
  }
}

function ofRunbook(runbook: Runbook): Problem[] {
  if (!runbook.concurrency.declared || runbook.concurrency.lock === "none") return [];
  const position = { file: runbook.source.path, line: 1, column: 1 };
  return [problem("concurrency.lock: locks on the targets are not taken yet", position)];
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

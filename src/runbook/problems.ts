import type { FilePosition, Problem } from "../core/errors.ts";

/** The code of a runbook that cannot be used; each of its problems has one of the codes below. */
export const RUNBOOK_INVALID = "RUNBOOK_INVALID";

export type ProblemCode =
  | "RUNBOOK_YAML"
  | "RUNBOOK_SCHEMA"
  | "RUNBOOK_EXPRESSION"
  | "RUNBOOK_TEMPLATE"
  | "RUNBOOK_REFERENCE"
  | "RUNBOOK_WITH"
  | "RUNBOOK_TARGETS"
  | "RUNBOOK_EFFECT"
  | "RUNBOOK_SECRET"
  | "RUNBOOK_UNDO_MISSING"
  | "RUNBOOK_ARMED"
  | "RUNBOOK_CYCLE";

/** Gathers what is wrong with a runbook, so that all of it is shown at once, in the order of the file, each thing once. */
export class Problems {
  readonly #found = new Map<string, Problem>();

  add(code: ProblemCode, position: FilePosition, message: string, hint?: string): void {
    this.addAll([{ code, message, position, ...(hint === undefined ? {} : { hint }) }]);
  }

  addAll(problems: readonly Problem[]): void {
    for (const problem of problems) {
      const { file, line, column } = problem.position;
      // A block that is used twice is checked twice; what is wrong with it is one problem.
      this.#found.set(`${file}:${line}:${column}:${problem.message}`, problem);
    }
  }

  get count(): number {
    return this.#found.size;
  }

  sorted(): readonly Problem[] {
    // Where YAML has read something else than was meant, what we make of it is noise.
    const all = [...this.#found.values()];
    const misread = new Set(all.filter(({ code }) => code === "RUNBOOK_YAML").map(lineOf));
    const worth = all.filter((problem) => problem.code === "RUNBOOK_YAML" || !misread.has(lineOf(problem)));
    return worth.sort(
      (a, b) =>
        a.position.file.localeCompare(b.position.file) ||
        a.position.line - b.position.line ||
        a.position.column - b.position.column,
    );
  }
}

function lineOf({ position }: Problem): string {
  return `${position.file}:${position.line}`;
}

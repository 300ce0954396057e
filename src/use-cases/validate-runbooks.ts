import { InvalidFileError } from "../core/errors.ts";
import { compileByName } from "./compile.ts";
import type { RunbookStore } from "./runbook-store.ts";

export interface ValidatedRunbook {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/** Compiles all of them, or every one that there is. Fails with RUNBOOK_INVALID and the problems of all files at once. */
export async function validateRunbooks(refs: readonly string[], store: RunbookStore): Promise<ValidatedRunbook[]> {
  const wanted = refs.length > 0 ? refs : (await store.list()).map(({ name }) => name);
  const valid: ValidatedRunbook[] = [];
  const failed: InvalidFileError[] = [];
  for (const ref of wanted) {
    try {
      const { runbook } = await compileByName(ref, store);
      const { name, version, source } = runbook;
      valid.push({ name, version, path: source.path });
    } catch (error) {
      if (!(error instanceof InvalidFileError)) throw error;
      failed.push(error);
    }
  }
  const [first] = failed;
  if (!first) return valid;
  if (failed.length === 1) throw first;
  const problems = failed.flatMap((error) => error.problems);
  throw new InvalidFileError(first.code, `${failed.length} of ${wanted.length} runbooks are not valid`, problems);
}

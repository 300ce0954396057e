import { InvalidFileError } from "../core/errors.ts";
import { stepsOf } from "../engine/steps-of.ts";
import type { Effect } from "../runbook/effect.ts";
import { worstEffect } from "../runbook/effect.ts";
import { compileByName } from "./compile.ts";
import type { RunbookStore } from "./runbook-store.ts";

/** A runbook as the list shows it; what cannot be known of an invalid one is null. */
export interface ListedRunbook {
  readonly name: string;
  readonly origin: "shipped" | "ejected" | "file";
  readonly path: string;
  readonly valid: boolean;
  readonly version: string | null;
  readonly description: string | null;
  /** The worst that it does. */
  readonly effect: Effect | null;
}

/** Every runbook by name. One that is not valid is listed as such and hides no other. */
export async function listRunbooks(store: RunbookStore): Promise<ListedRunbook[]> {
  const files = await store.list();
  return Promise.all(
    files.map(async ({ name, origin, path }) => {
      try {
        const { runbook } = await compileByName(name, store);
        const { version, description } = runbook;
        const effect = worstEffect(stepsOf(runbook).map((step) => step.effect));
        return { name, origin, path, valid: true, version, description, effect };
      } catch (error) {
        if (!(error instanceof InvalidFileError)) throw error;
        return { name, origin, path, valid: false, version: null, description: null, effect: null };
      }
    }),
  );
}

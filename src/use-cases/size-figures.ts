import { wishesOf, wishesSchema } from "../actions/size/estimate.ts";
import type { WhereToLook } from "../inventory/find-inventory.ts";
import { resolveInputs } from "../runbook/inputs.ts";
import { type Figures, loadOf } from "../size/figures.ts";
import type { Load } from "../size/load.ts";
import { type Sizing, sizingOf } from "../size/sizing.ts";
import { compileByName } from "./compile.ts";
import { findStore } from "./find-store.ts";

/**
 * What a deployment that does not exist yet needs. Limits that are not given are those of the runbook size: the operator's own
 * where there is one. A load that somebody expects is taken as it is, without growth, where that is not given either.
 */
export async function sizeFigures(
  figures: Figures,
  inputs: Readonly<Record<string, string>>,
  where: WhereToLook,
): Promise<{ load: Load; sizing: Sizing }> {
  const { runbook } = await compileByName("size", await findStore(where));
  const values = resolveInputs(runbook, { growth_percent: "100", ...inputs }, "redisha size");
  const load = loadOf(figures);
  return { load, sizing: sizingOf([load], wishesOf(wishesSchema.parse(values))) };
}

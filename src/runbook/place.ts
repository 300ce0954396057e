import type { YamlPath } from "../core/yaml/yaml-source.ts";
import type { Role, Step } from "./model.ts";
import type { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

/** Where a list of steps stands. */
export interface Place {
  readonly scope: Scope;
  /** Role of the target that a block around the steps works on. */
  readonly target?: Role;
  /** In `finally`, `rescue` and `always` nothing is undone. */
  readonly cleanup: boolean;
  /** Names of the blocks around, innermost last. */
  readonly blocks: readonly string[];
}

/** Compiles steps in order; a block is compiled with the function that compiles the steps around it. */
export type CompileSteps = (
  unit: Unit,
  raw: readonly unknown[],
  path: YamlPath,
  place: Place,
) => { readonly steps: readonly Step[]; readonly scope: Scope };

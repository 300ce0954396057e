import type { Environment } from "@marcbachmann/cel-js";
import type { CelTable } from "./cel-table.ts";
import type { CelType } from "./cel-type.ts";
import { objectType } from "./cel-type.ts";

/** The names an expression may use where it stands, with their types; and why the others are not among them. */
export class Scope {
  readonly table: CelTable;
  readonly variables: ReadonlyMap<string, CelType>;
  /** Why a name, or a step as `steps.<id>`, is not known here. */
  readonly absent: ReadonlyMap<string, string>;
  readonly #steps: Readonly<Record<string, CelType>>;
  #environment: Environment | undefined;

  private constructor(
    table: CelTable,
    variables: ReadonlyMap<string, CelType>,
    absent: ReadonlyMap<string, string>,
    steps: Readonly<Record<string, CelType>>,
  ) {
    this.table = table;
    this.variables = variables;
    this.absent = absent;
    this.#steps = steps;
  }

  static of(table: CelTable, variables: ReadonlyMap<string, CelType>, absent: ReadonlyMap<string, string>): Scope {
    return new Scope(table, variables, absent, {});
  }

  with(name: string, type: CelType): Scope {
    const absent = new Map(this.absent);
    absent.delete(name);
    return new Scope(this.table, new Map([...this.variables, [name, type]]), absent, this.#steps);
  }

  without(name: string, reason: string): Scope {
    const variables = new Map(this.variables);
    variables.delete(name);
    return new Scope(this.table, variables, new Map([...this.absent, [name, reason]]), this.#steps);
  }

  /** The same, after a step: its results can be read from here on. */
  withStep(id: string, type: CelType): Scope {
    const steps = { ...this.#steps, [id]: type };
    const absent = new Map(this.absent);
    absent.delete(`steps.${id}`);
    const variables = new Map([...this.variables, ["steps", objectType("steps", steps)] as const]);
    return new Scope(this.table, variables, absent, steps);
  }

  /** Says why these steps cannot be read here, unless they can. */
  withAbsentSteps(ids: Iterable<string>, reason: string): Scope {
    const absent = new Map(this.absent);
    for (const id of ids) if (!(id in this.#steps)) absent.set(`steps.${id}`, reason);
    return new Scope(this.table, this.variables, absent, this.#steps);
  }

  /** Says why these names are not known yet; a name that becomes known later loses its reason by the type it is in. */
  absentNames(reasons: Iterable<readonly [string, string]>): Scope {
    return new Scope(this.table, this.variables, new Map([...this.absent, ...reasons]), this.#steps);
  }

  get environment(): Environment {
    this.#environment ??= this.table.environment(this.variables);
    return this.#environment;
  }
}

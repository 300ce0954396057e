import type { ZodType } from "zod";
import type { Effect } from "./effect.ts";

/**
 * What an action runs on: once on the operator's machine, or once for each targeted instance or host. `any` follows its
 * surroundings: once per target where the step or its block has targets, else once on the operator's machine.
 */
export type ActionScope = "controller" | "instance" | "host" | "any";

/** What the language needs to know of an action to check a step that uses it. Pure data. */
export interface ActionSpec {
  /** `family.verb`, or one word for the engine's own (assert, wait_for, confirm, pause, set, block, runbook). */
  readonly name: string;
  readonly summary: string;
  readonly scope: ActionScope;
  readonly effect: Effect;
  /** Type of `with`, after templates are filled in. */
  readonly input: ZodType;
  /** Type of `steps.<id>.outputs`, and of `result`. */
  readonly output: ZodType;
  /** Keys of `with` whose values never stand on a command line, in a file or in a message: only there secrets may stand. */
  readonly secretsIn?: readonly string[];
  /** One step of YAML that works, for the reference. */
  readonly example: string;
  /** Takes part in a measurement that goes on between the steps of a run: there is none while planning or rehearsing. */
  readonly measures?: true;
  /** Of a read: what it finds is gone once later steps have changed things, so a run that is gone on with keeps what it read. */
  readonly once?: true;
  /** Present where a host can carry it out alone, which an undo that is `armed` needs. */
  readonly onHost?: ((input: never, target: never) => unknown) | undefined;
}

export type ActionCatalog = ReadonlyMap<string, ActionSpec>;

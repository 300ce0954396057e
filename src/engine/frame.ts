import type { EvalContext } from "../runbook/model.ts";
import type { StepFacts } from "./facts.ts";

/** The values that stay the same while one runbook runs. */
export interface FrameValues {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly run: Readonly<Record<string, unknown>>;
  readonly cluster: Readonly<Record<string, unknown>>;
}

/**
 * What expressions of one runbook can name: its inputs and vars, and the results of the steps before. A block that runs
 * once per target gets a frame of its own for each, so that `steps.x` inside it is the x of the same target.
 */
export class Frame {
  readonly values: FrameValues;
  readonly #parent: Frame | undefined;
  readonly #vars: Record<string, unknown>;
  readonly #steps: Record<string, StepFacts> = {};

  constructor(values: FrameValues, parent?: Frame) {
    this.values = values;
    this.#parent = parent;
    this.#vars = parent ? parent.#vars : {};
  }

  /** A frame inside this one: sees everything here, keeps its own step results to itself. */
  inner(): Frame {
    return new Frame(this.values, this);
  }

  setVar(name: string, value: unknown): void {
    this.#vars[name] = value;
  }

  record(step: string, facts: StepFacts): void {
    this.#steps[step] = facts;
  }

  /** The step's facts, by its id, as far as it ran in this frame or around it. */
  stepFacts(step: string): StepFacts | undefined {
    return this.#steps[step] ?? this.#parent?.stepFacts(step);
  }

  context(topo: unknown, extras: Pick<EvalContext, "host" | "before" | "result"> = {}): EvalContext {
    return { ...this.values, vars: this.#vars, steps: this.#allSteps(), topo, ...extras };
  }

  #allSteps(): Record<string, StepFacts> {
    return { ...(this.#parent ? this.#parent.#allSteps() : {}), ...this.#steps };
  }
}

/** The value as a record; anything that is none is an empty one. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

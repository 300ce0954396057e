import type { Action, ActionContext, ActionOutcome, Before } from "../actions/contract.ts";
import { RedishaError } from "../core/errors.ts";
import type { Runbook } from "../runbook/model.ts";
import { means, namedSteps, plainPath } from "./step-names.ts";
import type { Mock, TestCase } from "./test-schema.ts";
import { NO_ANSWER, type World } from "./world.ts";

const UNDO = " (undo)";

/**
 * The catalogue for a rehearsal: the actions themselves, on a simulated deployment, except where a mock answers for them. One
 * that moves roles does to the simulated deployment what it says that it would do to a real one.
 * What changes something and is neither mocked nor known to the simulation succeeds with an empty result.
 */
export function simulatedActions(
  actions: ReadonlyMap<string, Action>,
  runbook: Runbook,
  test: TestCase,
  world: World,
): ReadonlyMap<string, Action> {
  const mocks = new Mocks(runbook, test, world);
  return new Map([...actions].map(([name, action]) => [name, simulated(action, mocks, test.strict)]));
}

function simulated(action: Action, mocks: Mocks, strict: boolean): Action {
  const { before, probe } = action;
  return {
    ...action,
    async before(input, context) {
      const mock = mocks.next(action, context);
      if (mock) return mock.before ?? {};
      return (await known(async () => before?.(input, context))) ?? {};
    },
    async run(input, context) {
      const mock = mocks.next(action, context);
      if (mock) return mocks.answer(mock, action, context);
      if (action.effect === "read" && !action.measures) return action.run(input, context);
      if (strict) throw notMocked(context.step);
      if (action.measures) return { outputs: {}, changed: action.effect !== "read" };
      if (action.simulate) return mocks.simulate(action.simulate, input, context);
      return (await known(() => action.run(input, context))) ?? { outputs: {}, changed: true };
    },
    ...(probe ? { probe: (input: unknown, context: ActionContext, was: Before) => probing(input, context, was) } : {}),
  };

  /** A mocked action can tell what became of it where the real one could. */
  async function probing(input: unknown, context: ActionContext, was: Before): Promise<boolean | undefined> {
    if (mocks.mocked(action, context) || action.simulate) return mocks.tookEffect(context);
    return known(async () => probe?.(input, context, was));
  }
}

/** What the work gives; undefined where the simulation does not know. */
async function known<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RedishaError && error.code === NO_ANSWER) return undefined;
    throw error;
  }
}

/** The mocks of a case, each with the actions that it stands for. */
class Mocks {
  readonly #mocks: readonly {
    readonly mock: Mock;
    readonly index: number;
    readonly actions: ReadonlyMap<string, string>;
  }[];
  readonly #world: World;

  constructor(runbook: Runbook, { mock: mocks }: TestCase, world: World) {
    this.#world = world;
    const steps = namedSteps(runbook);
    this.#mocks = mocks.map((mock, index) => {
      const meant = steps.filter(({ path }) => means(mock.step, path));
      const actions = meant.map(({ path, step }): [string, string] => {
        const call = mock.undo && typeof step.undo === "object" ? step.undo.action : step.action;
        return [path, call];
      });
      return { mock, index, actions: new Map(actions) };
    });
  }

  mocked(action: Action, context: ActionContext): boolean {
    return this.#matching(action, context).length > 0;
  }

  /** The mock that answers now. */
  next(action: Action, context: ActionContext): Mock | undefined {
    return this.#matching(action, context).find(({ mock: { times = Number.POSITIVE_INFINITY }, index }) => {
      return (this.#world.state.used[index] ?? 0) < times;
    })?.mock;
  }

  answer(mock: Mock, action: Action, context: ActionContext): ActionOutcome<unknown> {
    const found = this.#mocks.find((each) => each.mock === mock);
    if (found) this.#world.use(found.index);
    if (mock.error) throw new RedishaError({ ...definedOf(mock.error), host: targetOf(context) });
    const changed = mock.changed ?? action.effect !== "read";
    if (mock.leaves) this.#world.patch(mock.leaves);
    if (changed) this.#world.note(context.step, targetOf(context));
    return { outputs: mock.result ?? {}, changed };
  }

  /** What moves roles moves them here too; it is noted with the new roles, so that no crash comes in between. */
  simulate(simulate: NonNullable<Action["simulate"]>, input: unknown, context: ActionContext): ActionOutcome<unknown> {
    const { instance, host } = context;
    const target = { ...(instance ? { instance } : {}), ...(host ? { host } : {}) };
    this.#world.state.effects.push(`${context.step}@${targetOf(context)}`);
    this.#world.become(simulate(input, this.#world.state.topology, target));
    return { outputs: {}, changed: true };
  }

  tookEffect(context: ActionContext): boolean {
    return this.#world.noted(context.step, targetOf(context));
  }

  #matching(action: Action, context: ActionContext) {
    const path = plainPath(context.step);
    const undo = context.step.endsWith(UNDO);
    const { instance, host } = context;
    return this.#mocks.filter(({ mock, actions }) => {
      if (mock.undo !== undo || actions.get(path) !== action.name) return false;
      return mock.target === undefined || mock.target === instance?.id || mock.target === host?.name;
    });
  }
}

/** Where the op works, as events name it. */
export function targetOf({ instance, host }: Pick<ActionContext, "instance" | "host">): string {
  return instance?.id ?? host?.name ?? "controller";
}

function definedOf({ code, message, exit }: NonNullable<Mock["error"]>) {
  return { code, message, ...(exit === undefined ? {} : { exit }) };
}

function notMocked(step: string): RedishaError {
  return new RedishaError({
    code: "REHEARSAL_NOT_MOCKED",
    message: `${step} changes something and is not mocked, and the case is strict.`,
  });
}

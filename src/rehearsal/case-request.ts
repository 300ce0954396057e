import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Approve } from "../engine/approval.ts";
import { secretVariable } from "./hurried.ts";
import type { ReadyCase } from "./read-tests.ts";
import type { TestCase } from "./test-schema.ts";
import { World } from "./world.ts";

/** The simulated deployment that a case starts with. */
export function worldOf({ test, topology }: ReadyCase, file?: string): World {
  const { config, keys } = test.given;
  const directives = Object.fromEntries(topology.nodes.map(({ id }) => [id, { ...config }]));
  return new World({ topology, keys: { ...keys }, config: directives, used: [], effects: [] }, file);
}

/** The environment of a rehearsed run: its secrets, and where its journal goes. */
export function environmentOf({ given }: TestCase, stateDirectory: string): NodeJS.ProcessEnv {
  const secrets = Object.entries(given.secrets).map(([name, value]) => [secretVariable(name), value]);
  return { ...Object.fromEntries(secrets), REDISHA_STATE_DIR: stateDirectory };
}

/** Inputs as they would have been typed. */
export function inputsOf({ inputs }: TestCase): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)]));
}

/** The operator of a case. */
export function approverOf({ given }: TestCase): Approve {
  return async ({ what }) => {
    if (given.approve) return { how: "the test agrees", user: "test" };
    throw new RedishaError({
      code: "NOT_CONFIRMED",
      message: `The test does not agree: ${what}`,
      exit: EXIT.gateRefused,
    });
  };
}

import { type Problem, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import { findInventory, type WhereToLook } from "./find-inventory.ts";
import { type Inventory, loadInventory } from "./load-inventory.ts";
import type { Deployment } from "./model.ts";

export interface DeploymentChoice extends WhereToLook {
  /** What `--deployment` says. */
  readonly deployment?: string | undefined;
}

export interface FoundDeployment {
  readonly deployment: Deployment;
  /** What is unwise about the file, all of its deployments together. */
  readonly warnings: readonly Problem[];
  /** Names of all deployments of the file. */
  readonly all: readonly string[];
}

/**
 * The deployment that a command works on: `--deployment`, else REDISHA_DEPLOYMENT, else the only one of the file, else
 * the one that its `default` names. Which file: see findInventory. Fails with INVENTORY_NOT_FOUND, INVENTORY_UNTRUSTED,
 * INVENTORY_INVALID, DEPLOYMENT_UNKNOWN or DEPLOYMENT_NOT_CHOSEN, all with exit 2.
 */
export async function findDeployment(choice: DeploymentChoice): Promise<FoundDeployment> {
  const inventory = await findDeployments(choice);
  const { deployments, warnings } = inventory;
  const all = deployments.map((each) => each.name);
  return { deployment: choose(inventory, all, choice), warnings, all };
}

/** All deployments of the file that would be used, for commands that work on every one. */
export async function findDeployments(where: WhereToLook): Promise<Inventory> {
  return loadInventory(await findInventory(where), { env: where.env });
}

function choose(inventory: Inventory, all: readonly string[], choice: DeploymentChoice): Deployment {
  const { deployments, defaultDeployment } = inventory;
  const [only] = deployments;
  const named = choice.deployment || choice.env.REDISHA_DEPLOYMENT;
  if (!named && only && deployments.length === 1) return only;
  const name = named || defaultDeployment;
  const found = deployments.find((each) => each.name === name);
  if (found) return found;
  if (!name) {
    throw new RedishaError({
      code: "DEPLOYMENT_NOT_CHOSEN",
      message: `${inventory.file} declares ${all.length} deployments: ${all.join(", ")}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [`--deployment ${all[0]}, or REDISHA_DEPLOYMENT`, `default: ${all[0]} in the file, to use it from now on`],
    });
  }
  const near = nearest(name, all);
  const said = choice.deployment ? "" : " (REDISHA_DEPLOYMENT)";
  throw new RedishaError({
    code: "DEPLOYMENT_UNKNOWN",
    message: `${inventory.file} has no deployment ${name}${said}; it has ${all.join(", ")}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: near === undefined ? [] : [`--deployment ${near}`],
  });
}

import { resolve } from "node:path";
import { InvalidFileError, type Problem, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { inWords, readRegularFile, systemCode } from "../core/files.ts";
import { readYaml } from "../core/yaml/read-yaml.ts";
import { checkInventory } from "./check-inventory.ts";
import { INVALID } from "./findings.ts";
import type { Deployment } from "./model.ts";
import { openSecretFiles } from "./secret-files.ts";
import { toDeployment } from "./to-deployment.ts";

/** One redisha.yaml, checked. */
export interface Inventory {
  /** Absolute path. */
  readonly file: string;
  /** The deployment that the file's `default` names. */
  readonly defaultDeployment?: string;
  /** In the order of the file, at least one. */
  readonly deployments: readonly Deployment[];
  /** What is allowed and yet not wise. */
  readonly warnings: readonly Problem[];
}

export interface LoadOptions {
  /** Where `env` secrets and `~` are looked up. Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** The day that waivers are held against. Default: today. */
  readonly now?: Date;
}

/**
 * Reads and checks a redisha.yaml; its secrets are not read yet. Fails with INVENTORY_NOT_FOUND, INVENTORY_NOT_READABLE,
 * or an InvalidFileError (INVENTORY_INVALID) that carries everything that is wrong with the file.
 */
export async function loadInventory(path: string, options: LoadOptions = {}): Promise<Inventory> {
  const { env = process.env, now = new Date() } = options;
  const around = { file: resolve(path), env };
  const source = readYaml(await textOf(around.file), around.file, INVALID);
  const { data, problems, warnings } = checkInventory(source, now);
  if (!data) throw new InvalidFileError(INVALID, around.file, problems);

  const declared = Object.entries(data.deployments);
  const open = await Promise.all(declared.map(([name, its]) => openSecretFiles(name, its, source, around)));
  return {
    file: around.file,
    ...(data.default === undefined ? {} : { defaultDeployment: data.default }),
    deployments: declared.map(([name, its]) => toDeployment(name, its, source, around)),
    warnings: [...warnings, ...open.flat()],
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readRegularFile(file);
  } catch (cause) {
    const missing = systemCode(cause) === "ENOENT";
    throw new RedishaError({
      code: missing ? "INVENTORY_NOT_FOUND" : "INVENTORY_NOT_READABLE",
      message: missing ? `${file} does not exist` : `${file} cannot be read: ${inWords(cause)}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [`ls -ld ${file}`],
      cause,
    });
  }
}

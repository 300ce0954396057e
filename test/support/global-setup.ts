import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { packagePath } from "../../src/core/package-root.ts";
import { cachedEngine } from "../../src/lab/engines.ts";
import { ENGINE_ROOT, ENGINES } from "./engines.ts";

/**
 * Before integration tests: the program is built, once for all files of tests, for two builds at a time would mix their
 * parts; and every engine is there, fetched from Debian on the first run.
 */
export async function setup(): Promise<void> {
  process.env.REDISHA_ENGINES = ENGINE_ROOT;
  await promisify(execFile)(process.execPath, [packagePath("build", "build.ts")]);
  for (const engine of ENGINES) await cachedEngine(engine, (line) => process.stderr.write(`${line}\n`));
}

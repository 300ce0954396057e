import { cachedEngine } from "../../src/lab/engines.ts";
import { ENGINE_ROOT, ENGINES } from "./engines.ts";

/** Before integration tests: every engine is there, fetched from Debian on the first run. */
export async function setup(): Promise<void> {
  process.env.REDISHA_ENGINES = ENGINE_ROOT;
  for (const engine of ENGINES) await cachedEngine(engine, (line) => process.stderr.write(`${line}\n`));
}

import { cachedEngine } from "../src/lab/engines.ts";
import { ENGINES } from "../test/support/engines.ts";

/** Brings every engine under test into the cache. What is there already is left alone. */
for (const engine of ENGINES) {
  process.stdout.write(`${await cachedEngine(engine, (line) => process.stdout.write(`${line}\n`))}\n`);
}
